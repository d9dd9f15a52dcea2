/**
 * `.bvecs`, of the TEXMEX corpora: for every row a little-endian int32 with its dims, then dims uint8, read as float32. Rows
 * may differ in length. Only read: unit vectors are no bytes.
 */
import { countedRows, readFirstDims, shapeOf } from './counted-rows.js';
import type { Format } from './format.js';
import { ChunkMemories } from './row-chunks.js';

export const bvecs: Format = {
  async open(source, options) {
    const first = await readFirstDims(source, 1, options.dims);
    const { dims, count } = await shapeOf(source, 1, first, options);
    return {
      dims,
      count,
      dtype: 'uint8',
      chunks: (memories = new ChunkMemories()) => countedRows(source, 1, options, memories),
    };
  },
};
