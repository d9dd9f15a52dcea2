/**
 * Rows that each begin with an int32 that holds their length, of any lengths: read one after the other in bounded memory.
 * `.fvecs` and `.bvecs` are such files.
 */
import { readUpTo } from './byte-sources.js';
import { type ByteSource, MAX_DIMS, type RowOptions, STAGING_BYTES } from './format.js';
import { malformed, requireDims } from './malformed.js';
import { countOf, type RowChunk } from './row-chunk.js';
import { ChunkMemories } from './row-chunks.js';
import { RowCollector } from './row-collector.js';

/** Type of the components: float32, or uint8. */
export type CountedItem = 4 | 1;

/**
 * All rows from the one at `begin`, by default the first. A row that claims a length which the file does not have, or, with the option, another than `dims`,
 * is refused.
 */
export async function* countedRows(
  source: ByteSource,
  itemBytes: CountedItem,
  { dims, chunkVectors }: RowOptions,
  memories: ChunkMemories,
  begin = { row: 0, byteOffset: 0 },
): AsyncGenerator<RowChunk, void, undefined> {
  const { name, byteLength } = source;
  const rows = new RowCollector(memories, chunkVectors, Math.ceil(byteLength / itemBytes));
  let staging = new Uint8Array(Math.min(STAGING_BYTES, byteLength));
  let components = new Float32Array(0);
  let offset = begin.byteOffset;
  let staged = 0;
  let at = 0;
  /** Makes up to `wanted` bytes from `at` on present, with as many more as fit; gives how many there are. */
  const stage = async (wanted: number): Promise<number> => {
    while (staged - at < wanted) {
      if (at > 0) staging.copyWithin(0, at, staged);
      offset += at;
      staged -= at;
      at = 0;
      if (staged === staging.length) {
        // The claimed size may exceed what there is, so memory grows to twice what came at most.
        const grown = new Uint8Array(Math.min(Math.max(STAGING_BYTES, 2 * staging.length), byteLength));
        grown.set(staging);
        staging = grown;
      }
      const read = await readUpTo(source, staging.subarray(staged), offset + staged);
      if (read === 0) break;
      staged += read;
    }
    return staged - at;
  };
  for (;;) {
    const where = () => `row ${begin.row + rows.count} (byte ${offset + at})`;
    const left = await stage(4);
    if (left === 0) break;
    if (left < 4) throw malformed(name, where(), 'the 4 bytes of dims', `${left} bytes to the end of the file`);
    const length = new DataView(staging.buffer).getInt32(at, true);
    if (length < 1) throw malformed(name, where(), `dims of 1 to ${MAX_DIMS}`, String(length));
    if (length !== dims) requireDims(name, where(), dims, length);
    const rowBytes = length * itemBytes;
    const present = byteLength === Number.POSITIVE_INFINITY ? await stage(4 + rowBytes) : byteLength - offset - at;
    if (4 + rowBytes > present)
      throw malformed(
        name,
        where(),
        `${rowBytes} bytes for a row of ${length}`,
        `${present - 4} bytes to the end of the file`,
      );
    await stage(4 + rowBytes);
    if (components.length < length) components = new Float32Array(length);
    const bytes = staging.subarray(at + 4, at + 4 + rowBytes);
    if (itemBytes === 1) components.set(bytes);
    else new Uint8Array(components.buffer).set(bytes);
    if (rows.isFullFor(length, undefined)) yield rows.take();
    rows.add(components, length);
    at += 4 + rowBytes;
  }
  if (!rows.isEmpty) yield rows.take();
}

/** Row headers looked at, evenly spaced, to tell rows of one length from rows of several. */
const SAMPLES = 64;

/**
 * The shape of a source; of a pipe, what the caller says. Rows of one length are told by the size and a sample; others by walking
 * through all of them, which refuses what is malformed, so that a reader is never surprised later.
 */
export async function shapeOf(source: ByteSource, itemBytes: CountedItem, options: RowOptions) {
  // Nothing of a pipe can be read twice.
  if (source.isForwardOnly) return { dims: options.dims, count: undefined };
  const dims = await readFirstDims(source, itemBytes, options.dims);
  const uniform = await countIfUniform(source, itemBytes, dims);
  if (uniform !== undefined) return { dims, count: uniform };
  const memories = new ChunkMemories();
  let count = 0;
  for await (const chunk of countedRows(source, itemBytes, { dims: options.dims }, memories)) {
    count += countOf(chunk);
    memories.recycleChunk(chunk);
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
async function readFirstDims(source: ByteSource, itemBytes: CountedItem, expected: number | undefined) {
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
