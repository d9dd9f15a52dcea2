// Rollup and Vitest plugin: `import bytes from 'kernel:simd.wasm'` gives the compiled kernel as a Uint8Array, inlined as text
// of one character for each byte, so that no file has to be found at run time: gzip makes a quarter less of it than of
// base64, which hides where bytes repeat. Characters are moved on from the bytes, most of which are small: as control
// characters minifiers would write each in four.
import { readFileSync } from 'node:fs';

const prefix = 'kernel:';
// Vitest takes every id that ends with .wasm for a file of its own.
const suffix = '.js';
/** Of all, the one that gzip makes least of. */
const OFFSET = 45;

export function wasmPlugin() {
  return {
    name: 'kernel-wasm',
    resolveId(source) {
      return source.startsWith(prefix) ? `\0${source}${suffix}` : null;
    },
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return null;
      const file = new URL(`../build/kernel/${id.slice(prefix.length + 1, -suffix.length)}`, import.meta.url);
      const text = String.fromCharCode(...readFileSync(file).map((byte) => byte + OFFSET));
      // A Uint8Array takes what is below 0 from above.
      return `export default Uint8Array.from(${JSON.stringify(text)}, (character) => character.charCodeAt() - ${OFFSET});`;
    },
  };
}
