/**
 * Rows that each begin with an int32 that holds their length, of any lengths: read one after the other in bounded memory.
 * `.fvecs` and `.bvecs` are such files.
 */
import { type ByteSource, MAX_DIMS, type RowChunk, type RowOptions, STAGING_BYTES } from './format.js';
import { malformed, requireDims } from './malformed.js';
import { ChunkMemories } from './row-chunks.js';
import { RowCollector } from './row-collector.js';

/** Type of the components: float32, or uint8. */
export type CountedItem = 4 | 1;

/**
 * All rows from the first. A row that claims a length which the file does not have, or, with the option, another than `dims`,
 * is refused.
 */
export async function* countedRows(
  source: ByteSource,
  itemBytes: CountedItem,
  { dims, chunkVectors }: RowOptions,
  memories: ChunkMemories,
): AsyncGenerator<RowChunk, void, undefined> {
  const { name, byteLength } = source;
  const rows = new RowCollector(memories, chunkVectors, Math.ceil(byteLength / itemBytes));
  let staging = new Uint8Array(Math.min(STAGING_BYTES, byteLength));
  let components = new Float32Array(0);
  let offset = 0;
  let staged = 0;
  let at = 0;
  /** Makes `wanted` bytes from `at` on present, with as many more as fit. */
  const stage = async (wanted: number) => {
    if (staged - at >= wanted) return;
    const rest = staging.subarray(at, staged);
    if (wanted > staging.length) {
      const grown = new Uint8Array(Math.min(Math.max(wanted, 2 * staging.length), byteLength));
      grown.set(rest);
      staging = grown;
    } else {
      staging.copyWithin(0, at, staged);
    }
    offset += at;
    staged -= at;
    at = 0;
    const length = Math.min(staging.length - staged, byteLength - offset - staged);
    await source.readInto(staging.subarray(staged, staged + length), offset + staged);
    staged += length;
  };
  while (offset + at < byteLength) {
    const where = () => `row ${rows.count} (byte ${offset + at})`;
    const left = byteLength - offset - at - 4;
    if (left < 0) throw malformed(name, where(), 'the 4 bytes of dims', `${left + 4} bytes to the end of the file`);
    await stage(4);
    const length = new DataView(staging.buffer).getInt32(at, true);
    if (length < 1) throw malformed(name, where(), `dims of 1 to ${MAX_DIMS}`, String(length));
    if (length !== dims) requireDims(name, where(), dims, length);
    const rowBytes = length * itemBytes;
    if (rowBytes > left)
      throw malformed(
        name,
        where(),
        `${rowBytes} bytes for a row of ${length}`,
        `${left} bytes to the end of the file`,
      );
    await stage(4 + rowBytes);
    if (components.length < length) components = new Float32Array(length);
    const bytes = staging.subarray(at + 4, at + 4 + rowBytes);
    if (itemBytes === 1) components.set(bytes);
    else new Uint8Array(components.buffer).set(bytes);
    if (rows.isFullFor(length)) yield rows.take();
    rows.add(components, length);
    at += 4 + rowBytes;
  }
  if (!rows.isEmpty) yield rows.take();
}

/** Row headers looked at, evenly spaced, to tell rows of one length from rows of several. */
const SAMPLES = 64;

/**
 * The shape of a source whose first row has `dims`. Rows of one length are told by the size and a sample; others by walking
 * through all of them, which refuses what is malformed, so that a reader is never surprised later.
 */
export async function shapeOf(source: ByteSource, itemBytes: CountedItem, dims: number, options: RowOptions) {
  const uniform = await countIfUniform(source, itemBytes, dims);
  if (uniform !== undefined) return { dims, count: uniform };
  const memories = new ChunkMemories();
  let count = 0;
  for await (const chunk of countedRows(source, itemBytes, { dims: options.dims }, memories)) {
    count += 'rows' in chunk ? chunk.rows.length : chunk.data.length / chunk.dims;
    memories.recycle(chunk);
  }
  return { dims: 'ragged', count } as const;
}

/**
 * How many rows there are if all have the `dims` of the first; undefined when that cannot be: the size does not fit, or one of
 * up to 64 rows says other dims.
 */
async function countIfUniform(source: ByteSource, itemBytes: CountedItem, dims: number): Promise<number | undefined> {
  const rowBytes = 4 + dims * itemBytes;
  if (source.byteLength % rowBytes !== 0) return undefined;
  const count = source.byteLength / rowBytes;
  const header = new Int32Array(1);
  const step = Math.max(1, (count - 1) / (SAMPLES - 1));
  for (let sample = 0; Math.round(sample) < count; sample += step) {
    await source.readInto(new Uint8Array(header.buffer), Math.round(sample) * rowBytes);
    if (header[0] !== dims) return undefined;
  }
  return count;
}

/** Dims of the first row, checked. Those of the option for an empty file. */
export async function readFirstDims(source: ByteSource, itemBytes: CountedItem, expected: number | undefined) {
  const { name, byteLength } = source;
  if (byteLength === 0) {
    if (expected !== undefined) return expected;
    throw malformed(name, 'byte 0', 'a row, or the option dims for a file without rows', 'an empty file');
  }
  if (byteLength < 4) throw malformed(name, 'byte 0', 'the 4 bytes of dims', `a file of ${byteLength} bytes`);
  const first = new Int32Array(1);
  await source.readInto(new Uint8Array(first.buffer), 0);
  const dims = first[0]!;
  if (dims < 1) throw malformed(name, 'row 0 (byte 0)', `dims of 1 to ${MAX_DIMS}`, String(dims));
  requireDims(name, 'row 0 (byte 0)', expected, dims);
  if (4 + dims * itemBytes > byteLength) {
    const expected = `whole rows of ${4 + dims * itemBytes} bytes (${dims} components, as row 0 says)`;
    throw malformed(name, 'byte 0', expected, `a file of ${byteLength} bytes`);
  }
  return dims;
}
