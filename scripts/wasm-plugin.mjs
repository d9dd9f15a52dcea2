// Rollup and Vitest plugin: `import bytes from 'kernel:simd.wasm'` gives the compiled kernel as a Uint8Array, inlined as
// base64 so that no file has to be found at run time.
import { readFileSync } from 'node:fs';

const prefix = 'kernel:';
// Vitest takes every id that ends with .wasm for a file of its own.
const suffix = '.js';

export function wasmPlugin() {
  return {
    name: 'kernel-wasm',
    resolveId(source) {
      return source.startsWith(prefix) ? `\0${source}${suffix}` : null;
    },
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return null;
      const file = new URL(`../build/kernel/${id.slice(prefix.length + 1, -suffix.length)}`, import.meta.url);
      const base64 = readFileSync(file).toString('base64');
      return `export default Uint8Array.from(atob('${base64}'), (character) => character.charCodeAt(0));`;
    },
  };
}
