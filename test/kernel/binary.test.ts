import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const TYPE = 1;
const IMPORT = 2;
const FUNCTION = 3;
const EXPORT = 7;
const CODE = 10;

describe.each(['simd', 'scalar'])('the %s binary', (name) => {
  const bytes = readFileSync(new URL(`../../build/kernel/${name}.wasm`, import.meta.url));

  test('has no section that every instance would write again over live memory, and no state', () => {
    expect(sectionsOf(bytes)).toEqual([TYPE, IMPORT, FUNCTION, EXPORT, CODE]);
  });

  test('imports one thing, the memory, and exports the four functions', () => {
    const module = new WebAssembly.Module(bytes);
    expect(WebAssembly.Module.imports(module)).toMatchObject([{ module: 'env', name: 'memory', kind: 'memory' }]);
    expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toEqual([
      'magnitudes',
      'normalize',
      'process',
      'sort',
    ]);
  });

  test('is under 10 kB', () => {
    expect(bytes.length).toBeLessThan(10_000);
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
