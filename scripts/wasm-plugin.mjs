// Rollup and Vitest plugin: `import bytes from 'kernel:simd.wasm'` gives the compiled kernel as a Uint8Array, inlined as text, so
// that no file has to be found at run time.
//
// The text is printable ASCII, since a page without a charset reads a classic script as windows-1252. A byte is one character, or two:
// which third of the bytes it is of, and where in it. Most bytes are small, and moved on they are of the first third. gzip makes a quarter
// less of it than of base64, which hides where bytes repeat.
import { readFileSync } from 'node:fs';

const prefix = 'kernel:';
// Vitest takes every id that ends with .wasm for a file of its own.
const suffix = '.js';
/** Offset that makes the text smallest after gzip. */
const OFFSET = 10;
/** The first character is "#"; "}" and "~", behind the last, say which third. */
const FIRST = 35;
const THIRD = 90;

export function wasmPlugin() {
  return {
    name: 'kernel-wasm',
    resolveId(source) {
      return source.startsWith(prefix) ? `\0${source}${suffix}` : null;
    },
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return null;
      const file = new URL(`../build/kernel/${id.slice(prefix.length + 1, -suffix.length)}`, import.meta.url);
      const text = Array.from(readFileSync(file), characters).join('');
      // A Uint8Array takes what is below 0 from above.
      return `export default Uint8Array.from(${JSON.stringify(text)}.match(/[}~]?./g), (each) =>
        each.charCodeAt(each.length - 1) - ${FIRST + OFFSET} + (each.length > 1 && ${THIRD} * (each.charCodeAt() - ${FIRST + THIRD - 1})));`;
    },
  };
}

function characters(byte) {
  const moved = (byte + OFFSET) % 256;
  const third = Math.floor(moved / THIRD);
  const character = String.fromCharCode(FIRST + (moved % THIRD));
  return third === 0 ? character : String.fromCharCode(FIRST + THIRD - 1 + third) + character;
}
