/**
 * `.fbin`, the format of the billion-scale benchmarks: uint32 count, uint32 dims, then count × dims float32, row-major.
 */
import { IndexingError, type RowRange } from '../base/errors.js';
import { requireEnd } from './byte-sources.js';
import { createRowReader } from './fixed-rows.js';
import type { ByteSource, Format, RowOptions, RowShape, VectorEncoder, VectorRows } from './format.js';
import { MAX_DIMS } from './format.js';
import { malformed, requireDims } from './malformed.js';
import type { RowChunk } from './row-chunk.js';
import { ChunkMemories, rowChunks } from './row-chunks.js';

export const fbin: Format = { readsPipes: true, open, writer: { headerHolds: 'count', ragged: false, createEncoder } };

const HEADER_BYTES = 8;
const MAX_COUNT = 2 ** 32 - 1;

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const { name, byteLength } = source;
  if (byteLength < HEADER_BYTES)
    throw malformed(name, 'byte 0', `a header of ${HEADER_BYTES} bytes`, `a file of ${byteLength} bytes`);
  const header = new Uint32Array(2);
  await source.readInto(new Uint8Array(header.buffer), 0);
  const count = header[0]!;
  const dims = header[1]!;
  if (dims < 1 || dims > MAX_DIMS) throw malformed(name, 'byte 4', `dims of 1 to ${MAX_DIMS}`, String(dims));
  requireDims(name, 'byte 4', options.dims, dims);
  const claimed = 4n * BigInt(count) * BigInt(dims);
  const present = byteLength - HEADER_BYTES;
  if (byteLength !== Number.POSITIVE_INFINITY && claimed !== BigInt(present)) {
    const fault = claimed > present ? 'the file is truncated' : 'there are trailing bytes';
    throw malformed(name, 'byte 8', `${claimed} bytes for ${count} rows of ${dims}`, `${present} bytes: ${fault}`);
  }
  const rows = {
    dataOffset: HEADER_BYTES,
    count,
    dims,
    type: 'float32',
    isBigEndian: false,
    isColumnMajor: false,
  } as const;
  const createReader = () => createRowReader(source, rows);
  async function* chunks(
    memories = new ChunkMemories(),
    wanted: RowRange = { first: 0, last: count },
  ): AsyncGenerator<RowChunk, void, undefined> {
    yield* rowChunks(wanted, dims, options.chunkVectors, memories, createReader());
    if (wanted.last === count) await requireEnd(source, HEADER_BYTES + Number(claimed));
  }
  return { dims, count, dtype: 'float32', createReader, takesRows: true, chunks };
}

function createEncoder(shape: RowShape, file: string): VectorEncoder {
  if (shape.kind !== 'vectors')
    throw new IndexingError('InvalidConfiguration', `${file}: .fbin holds vectors only; name a .npy file`);
  const { dims } = shape;
  if (dims > MAX_DIMS)
    throw new IndexingError('InvalidConfiguration', `${file} can hold rows of at most ${MAX_DIMS} components`);
  return {
    header: (count) => {
      if (count > MAX_COUNT)
        throw new IndexingError('InvalidConfiguration', `${file}: .fbin holds at most ${MAX_COUNT} rows`);
      return new Uint8Array(Uint32Array.of(count, dims).buffer);
    },
    encode: ({ data: { buffer, byteOffset, byteLength } }) => [new Uint8Array(buffer, byteOffset, byteLength)],
  };
}
