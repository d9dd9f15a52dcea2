/**
 * `.bvecs`, of the TEXMEX corpora: for every row a little-endian int32 with its dims, then dims uint8, read as float32. Rows
 * may differ in length. Only read: unit vectors are no bytes.
 */
import { countedRows, shapeOf } from './counted-rows.js';
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
      chunks: (memories = new ChunkMemories()) => countedRows(source, 1, options, memories),
    };
  },
};
