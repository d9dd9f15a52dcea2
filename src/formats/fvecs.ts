/**
 * `.fvecs`, the format of the TEXMEX corpora. Each row is a little-endian int32 with its dims, then dims float32. Rows may
 * differ in length. Files whose rows all have one length, by far the most, are read by a faster loop. An empty file has no
 * rows and does not say its dims, so it is read only with the option `dims`. Only rows of one length are written.
 */
import { IndexingError } from '../base/errors.js';
import { countedRows, shapeOf } from './counted-rows.js';
import type { ByteSource, Format, RowOptions, RowShape, VectorEncoder, VectorRows } from './format.js';
import { MAX_DIMS, STAGING_BYTES } from './format.js';
import { malformed } from './malformed.js';
import { ChunkMemories, type ReadRowsInto, rowChunks } from './row-chunks.js';

export const fvecs: Format = {
  readsPipes: true,
  open,
  writer: { headerHolds: 'nothing', ragged: false, createEncoder },
};

/** Below this a loop over the components is faster than a `subarray` and `set` for each row (measured). */
const SET_MIN_DIMS = 64;

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const { dims, count } = await shapeOf(source, 4, options);
  if (typeof dims !== 'number' || count === undefined) {
    const chunks = (memories = new ChunkMemories()) => countedRows(source, 4, options, memories);
    return { dims, count, dtype: 'float32', chunks };
  }
  const createReader = () => createRowReader(source, dims);
  return {
    dims,
    count,
    dtype: 'float32',
    createReader,
    takesRows: true,
    chunks: (memories = new ChunkMemories(), rows = { first: 0, last: count }) =>
      rowChunks(rows, dims, options.chunkVectors, memories, createReader()),
  };
}

function createRowReader(source: ByteSource, dims: number): ReadRowsInto {
  const stride = dims + 1;
  const staging = new Int32Array(stagedRows(dims, source.byteLength / (4 * stride)) * stride);
  const rowsAtOnce = staging.length / stride;
  return async (data, first) => {
    const rows = data.length / dims;
    for (let row = 0; row < rows; row += rowsAtOnce) {
      const staged = staging.subarray(0, Math.min(rowsAtOnce, rows - row) * stride);
      await source.readInto(new Uint8Array(staged.buffer, 0, staged.byteLength), (first + row) * stride * 4);
      for (let at = 0; at < staged.length; at += stride) {
        if (staged[at] === dims) continue;
        const bad = first + row + at / stride;
        const where = `row ${bad} (byte ${bad * stride * 4})`;
        throw malformed(source.name, where, `dims ${dims}, as in row 0`, String(staged[at]));
      }
      const target = new Int32Array(data.buffer, data.byteOffset + row * dims * 4);
      copyRows({ words: target, at: 0, stride: dims }, { words: staged, at: 1, stride }, dims, staged.length / stride);
    }
  };
}

function createEncoder(shape: RowShape, file: string): VectorEncoder {
  if (shape.kind !== 'vectors')
    throw new IndexingError('InvalidConfiguration', `${file}: .fvecs holds vectors only; name a .npy file`);
  const { dims } = shape;
  if (dims > MAX_DIMS)
    throw new IndexingError('InvalidConfiguration', `${file} can hold rows of at most ${MAX_DIMS} components`);
  return { header: () => new Uint8Array(0), encode: ({ data }) => encodeRows(data, dims) };
}

function* encodeRows({ buffer, byteOffset, length }: Float32Array, dims: number): Generator<Uint8Array> {
  const rows = length / dims;
  const stride = dims + 1;
  const source = new Int32Array(buffer, byteOffset, length);
  const rowsAtOnce = stagedRows(dims, rows);
  const staging = new Int32Array(rowsAtOnce * stride);
  for (let at = 0; at < staging.length; at += stride) staging[at] = dims;
  for (let row = 0; row < rows; row += rowsAtOnce) {
    const staged = Math.min(rowsAtOnce, rows - row);
    const given = { words: source, at: row * dims, stride: dims };
    copyRows({ words: staging, at: 1, stride }, given, dims, staged);
    yield new Uint8Array(staging.buffer, 0, staged * stride * 4);
  }
}

/** Rows at equal distances: the first at word `at`, each next one `stride` words on. */
interface Rows {
  readonly words: Int32Array;
  readonly at: number;
  readonly stride: number;
}

/** Copies `rows` rows of `dims` components, as integers so that no NaN changes its bits. */
function copyRows(to: Rows, from: Rows, dims: number, rows: number): void {
  const { words: target, stride: targetStride } = to;
  const { words: source, stride: sourceStride } = from;
  for (let row = 0, t = to.at, s = from.at; row < rows; row++, t += targetStride, s += sourceStride) {
    if (dims >= SET_MIN_DIMS) target.set(source.subarray(s, s + dims), t);
    else for (let i = 0; i < dims; i++) target[t + i] = source[s + i]!;
  }
}

/** Rows that fit the staging memory: at least one, at most all. */
function stagedRows(dims: number, rows: number): number {
  return Math.min(rows, Math.max(1, Math.floor(STAGING_BYTES / (4 * (dims + 1)))));
}
