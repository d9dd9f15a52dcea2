/**
 * Kernels that the caller serves: the files of the package, as bytes or compiled.
 */
import { readFileSync } from 'node:fs';
import { Engine, MonitoredParallelIndexer, type OwnWasm, VectorIndex } from 'simdex';
import { expect, onTestFinished, test, vi } from 'vitest';
import { differencesFrom } from '../indexing/reference.js';
import { randomRows } from '../indexing/support.js';

const bytesOf = (file: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(new URL(`../../dist/${file}`, import.meta.url)));
const rows = randomRows(5000, 64);
const kernels = bytesOf('simd-shared.wasm');

test.each([
  ['as bytes', kernels, [kernels.byteLength]],
  ['compiled', new WebAssembly.Module(kernels), []],
])('a file of all kernels, %s, indexes, searches and builds graphs', async (_, wasm: OwnWasm, bytes: number[]) => {
  // What compiles after this compiles none of the library's own bytes.
  const compiled: number[] = [];
  const compile = WebAssembly.compile;
  vi.spyOn(WebAssembly, 'compile').mockImplementation((bytes) => {
    compiled.push((bytes as Uint8Array).byteLength);
    return compile(bytes as Uint8Array<ArrayBuffer>);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const engine = new Engine({ threads: 2, wasm });
  onTestFinished(() => engine.dispose());
  const indexer = new MonitoredParallelIndexer('auto', {}, { engine });
  expect(differencesFrom(rows, await indexer.indexVectorsMonitored(rows))).toEqual([]);
  const index = await VectorIndex.build(rows, { engine, graph: true });
  expect((await index.searchBatch(rows.slice(0, 100), 1)).map(({ ids }) => ids[0])).toEqual([...Array(100).keys()]);
  const { ids } = await index.search(rows[5]!, 1, { recall: 0.9 });
  expect(ids).toEqual([5]);
  expect(index.backend?.kernel).toBe('simd');
  expect(compiled).toEqual(bytes);
});

test('a module for memory that is not shared is refused, and the file that fits is named', async () => {
  const engine = new Engine({ threads: 2, wasm: new WebAssembly.Module(bytesOf('simd.wasm')) });
  onTestFinished(() => engine.dispose());
  await expect(engine.ready()).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    message: expect.stringContaining('one for memory that is not shared; take simdex/simd-shared.wasm'),
  });
});

test('a module that is no kernel is refused', async () => {
  const nothing = new WebAssembly.Module(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  const engine = new Engine({ wasm: nothing });
  onTestFinished(() => engine.dispose());
  await expect(engine.ready()).rejects.toThrow('a module with other imports or exports');
});

test('what is neither bytes nor a module is refused at once', () => {
  expect(() => new Engine({ wasm: {} })).toThrow(/wasm must be .* or a WebAssembly\.Module, got an object/);
});
