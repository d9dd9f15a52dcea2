/**
 * Memory that is handed back is filled again; memory that is not stays its receiver's.
 */
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { reusableChunks } from '../../src/vectors/reusable-chunks.js';
import type { VectorMatrix } from '../../src/vectors/vector-source.js';
import { bytesOf, dictOf, fvecsBytes, npyBytes, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const numbers = Float32Array.from({ length: 64 }, (_, i) => i);
const rows = Array.from({ length: 16 }, (_, row) => [...numbers.subarray(row * 4, row * 4 + 4)]);

const files: [string, Uint8Array][] = [
  ['x.npy', npyBytes({ dict: dictOf('<f4', '(16, 4)'), data: bytesOf(numbers) })],
  ['f.npy', npyBytes({ dict: dictOf('<f8', '(16, 4)'), data: bytesOf(Float64Array.from(numbers)) })],
  ['x.fvecs', fvecsBytes(rows)],
  ['x.fbin', Uint8Array.of(...bytesOf(Uint32Array.of(16, 4)), ...bytesOf(numbers))],
  ['x.jsonl', new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join('\n'))],
];

describe.each(files)('%s', (name, bytes) => {
  test('is read in two memories by one that hands each back, and the rows are right', async () => {
    const file = directory.at(name);
    await writeFile(file, bytes);
    const chunks = readVectors(file, { chunkVectors: 2 });
    const reusable = reusableChunks(chunks)!;
    const buffers = new Set<ArrayBufferLike>();
    const found: number[] = [];
    let previous: VectorMatrix | undefined;
    for await (const chunk of chunks) {
      buffers.add(chunk.data.buffer);
      found.push(...chunk.data);
      if (previous) reusable.reuse(previous);
      previous = chunk;
    }
    expect(found).toEqual([...numbers]);
    expect(buffers.size).toBeLessThanOrEqual(3);
  });

  test('gives fresh memory to all others', async () => {
    const kept: VectorMatrix[] = [];
    for await (const chunk of readVectors(directory.at(name), { chunkVectors: 2 })) kept.push(chunk);
    expect(new Set(kept.map(({ data }) => data.buffer)).size).toBe(8);
    expect(kept.flatMap(({ data }) => [...data])).toEqual([...numbers]);
  });
});

test('a memory of several chunks is filled again when all of them came back, and once', async () => {
  const ragged = Array.from({ length: 12 }, (_, i) => (i % 2 ? [i, i] : [i]));
  const file = directory.at('ragged.fvecs');
  await writeFile(file, fvecsBytes(ragged));
  const chunks = readVectors(file, { chunkVectors: 4 });
  const kept: { chunk: VectorMatrix; was: number[] }[] = [];
  const again: number[][] = [];
  for await (const chunk of chunks) {
    again.push([...chunk.data]);
    for (const { chunk: held, was } of kept) expect([...held.data]).toEqual(was);
    // Every second chunk is kept, so no memory is free.
    if (again.length % 2) {
      chunks.reuse(chunk);
      chunks.reuse(chunk);
    } else kept.push({ chunk, was: [...chunk.data] });
    chunks.reuse({ data: new Float32Array(4), dims: 2 });
  }
  expect(again).toEqual(ragged);
});

test('what is no source of such chunks makes no offer', () => {
  expect(reusableChunks([])).toBeUndefined();
  expect(reusableChunks({ reuse: 1 })).toBeUndefined();
});
