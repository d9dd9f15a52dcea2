/**
 * `.bvecs`, the byte format of the TEXMEX corpora. Each row is a little-endian int32 with its dims, then dims uint8, which are
 * read as float32. Rows may differ in length. The format is not written, since bytes cannot hold unit vectors.
 */
import { countedRows, shapeOf } from './counted-rows.js';
import { cutRows } from './cut-rows.js';
import type { Format } from './format.js';
import { ChunkMemories } from './row-chunks.js';

export const bvecs: Format = {
  readsPipes: true,
  async open(source, options) {
    const { dims, count } = await shapeOf(source, 1, options);
    return {
      dims,
      count,
      dtype: 'uint8',
      takesRows: typeof dims === 'number' && count !== undefined,
      async *chunks(memories = new ChunkMemories(), rows) {
        if (!rows) return yield* countedRows(source, 1, options, memories);
        const begin = { row: rows.first, byteOffset: rows.first * (4 + Number(dims)) };
        yield* cutRows(countedRows(source, 1, options, memories, begin), memories, {
          first: 0,
          last: rows.last - rows.first,
        });
      },
    };
  },
};
