// Rollup and Vitest plugin: `import bytes from 'kernel:simd.wasm'` gives the compiled kernel as a Uint8Array, inlined as text
// of one character for each byte, so that no file has to be found at run time: gzip makes a quarter less of it than of
// base64, which hides where bytes repeat.
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
      const text = readFileSync(file).toString('latin1');
      return `export default Uint8Array.from(${JSON.stringify(text)}, (character) => character.charCodeAt(0));`;
    },
  };
}
