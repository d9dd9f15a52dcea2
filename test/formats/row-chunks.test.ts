import { expect, test } from 'vitest';
import { ChunkMemories, createOwnRows, rowChunks } from '../../src/formats/row-chunks.js';

/** Five rows of two components, in chunks of two rows: row i is i, i. */
function chunks(memories = new ChunkMemories()) {
  return rowChunks({ first: 0, last: 5 }, 2, 2, memories, async (data, first) => {
    for (let i = 0; i < data.length; i++) data[i] = first + Math.floor(i / 2);
  });
}

test('every chunk has memory of its own', async () => {
  const buffers = new Set<ArrayBufferLike>();
  for await (const { data } of chunks()) buffers.add(data.buffer);
  expect(buffers.size).toBe(3);
});

test('memory that was given back is filled with the next chunk of its size', async () => {
  const memories = new ChunkMemories();
  const reader = chunks(memories);
  const first = (await reader.next()).value!;
  memories.recycleChunk(first);
  const second = (await reader.next()).value!;
  expect(second.data.buffer).toBe(first.data.buffer);
  expect([...second.data]).toEqual([2, 2, 3, 3]);
  memories.recycleChunk(second);
  const last = (await reader.next()).value!;
  expect(last.data.buffer).not.toBe(first.data.buffer);
  expect([...last.data]).toEqual([4, 4]);
});

test("bytes before the rows of a memory are their receiver's, in fresh memory and in memory that was given back", async () => {
  const memories = new ChunkMemories(createOwnRows, 32);
  const reader = chunks(memories);
  const first = (await reader.next()).value!;
  expect([first.data.byteOffset, first.data.length, first.data.buffer.byteLength]).toEqual([32, 4, 48]);
  new Uint8Array(first.data.buffer, 0, 32).fill(255);
  expect([...first.data]).toEqual([0, 0, 1, 1]);
  memories.recycleChunk(first);
  const second = (await reader.next()).value!;
  expect(second.data.buffer).toBe(first.data.buffer);
  expect([second.data.byteOffset, ...second.data]).toEqual([32, 2, 2, 3, 3]);
});
