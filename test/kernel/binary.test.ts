import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const TYPE = 1;
const IMPORT = 2;
const FUNCTION = 3;
const EXPORT = 7;
const CODE = 10;

const INDEXING = ['magnitudes', 'normalize', 'process', 'sort'];
const SEARCH = [
  ...[
    'codeProduct',
    'distances',
    'dots',
    'exactCosine',
    'exactDistance',
    'exactDot',
    'exactSquares',
    'keepCodes',
    'narrow',
  ],
  ...['quantize', 'select', 'selectInt8', 'widen', 'widenCodes'],
];
const GRAPH = ['begin', 'beginInsert', 'encode', 'insert', 'mend', 'search'];

describe.each([
  ['simd', INDEXING],
  ['scalar', INDEXING],
  ['search-simd', SEARCH],
  ['search-scalar', SEARCH],
  ['graph-simd', GRAPH],
  ['graph-scalar', GRAPH],
])('the %s binary', (name, functions) => {
  const bytes = readFileSync(new URL(`../../build/kernel/${name}.wasm`, import.meta.url));

  test('has no section that every instance would write again over live memory, and no state', () => {
    expect(sectionsOf(bytes)).toEqual([TYPE, IMPORT, FUNCTION, EXPORT, CODE]);
  });

  test('imports one thing, the memory, and exports nothing but functions', () => {
    const module = new WebAssembly.Module(bytes);
    expect(WebAssembly.Module.imports(module)).toMatchObject([{ module: 'env', name: 'memory', kind: 'memory' }]);
    const exports = WebAssembly.Module.exports(module).map((each) => each.name);
    expect(exports.sort()).toEqual(functions);
  });

  test('is small', () => {
    expect(bytes.length).toBeLessThan(name === 'graph-simd' ? 12_500 : 11_000);
  });
});

function sectionsOf(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 8; at < bytes.length; ) {
    ids.push(bytes[at++]!);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += size;
  }
  return ids;
}
