/**
 * A range of the rows that a reader gives, for formats in which only reading tells where a row lies. The memory of chunks
 * before the range is given back.
 */
import type { RowRange } from '../base/errors.js';
import { countOf, type RowChunk } from './row-chunk.js';
import type { ChunkMemories } from './row-chunks.js';

/** The rows from `first` to `last`, counted from the first that `chunks` gives; no more is read than they need. */
export async function* cutRows(
  chunks: AsyncIterable<RowChunk>,
  memories: ChunkMemories,
  { first, last }: RowRange,
): AsyncGenerator<RowChunk, void, undefined> {
  if (first >= last) return;
  let row = 0;
  for await (const chunk of chunks) {
    const begin = row;
    row += countOf(chunk);
    if (row <= first) memories.recycleChunk(chunk);
    else yield sliceRows(chunk, Math.max(0, first - begin), Math.min(row, last) - begin);
    if (row >= last) return;
  }
}

/** Rows `first` to `last` of a chunk, in the same memory. */
export function sliceRows(chunk: RowChunk, first: number, last: number): RowChunk {
  if (first === 0 && last === countOf(chunk)) return chunk;
  const ids = chunk.ids?.slice(first, last);
  if ('rows' in chunk) return { rows: chunk.rows.slice(first, last), ids };
  const { data, dims } = chunk;
  return { data: data.subarray(first * dims, last * dims), dims, ids };
}
