/**
 * `.npy`, NumPy's array format: rows of floats or integers of 1 to 8 bytes, in either byte order, in C or Fortran order, read as
 * float32 and written as float32 in C order.
 *
 * A 2-D array is count × dims. A 1-D array of n numbers is one vector of n components or, with the option `dims`,
 * n / dims rows. float32 goes from the file straight into the matrix; what float32 cannot hold is rounded.
 */
import { IndexingError, type RowRange } from '../base/errors.js';
import { requireEnd } from './byte-sources.js';
import { createRowReader, itemBytes, type NumberLayout, type NumberType } from './fixed-rows.js';
import type { ByteSource, Format, RowOptions, RowShape, VectorEncoder, VectorRows } from './format.js';
import { MAX_DIMS } from './format.js';
import { malformed, requireDims } from './malformed.js';
import { createNpyHeader, type NpyHeader, readNpyHeader } from './npy-header.js';
import type { RowChunk } from './row-chunk.js';
import { ChunkMemories, rowChunks } from './row-chunks.js';

export const npy: Format = { readsPipes: true, open, writer: { headerHolds: 'count', ragged: false, createEncoder } };

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const header = await readNpyHeader(source);
  const layout = numbersOf(source.name, header.descr);
  const { count, dims } = rowsOf(source.name, header, options.dims);
  const isColumnMajor = header.fortranOrder && header.shape.length === 2 && count > 1 && dims > 1;
  if (isColumnMajor && source.isForwardOnly)
    throw malformed(
      source.name,
      'fortran_order',
      'rows in C order in what is read from front to back (save it with numpy.ascontiguousarray, or as a .npy file)',
      'Fortran order',
    );

  // Exact for any shape a header can claim; once it holds, every product below is at most the size of the file.
  const bytes = itemBytes(layout.type);
  const claimed = header.shape.reduce((product, length) => product * BigInt(length), BigInt(bytes));
  const end = header.dataOffset + Number(claimed);
  if (source.byteLength !== Number.POSITIVE_INFINITY && claimed !== BigInt(source.byteLength - header.dataOffset)) {
    const present = source.byteLength - header.dataOffset;
    const expected = `${claimed} bytes of data for shape ${shapeText(header.shape)} of ${header.descr}`;
    const fault = claimed > present ? 'the file is truncated' : 'there are trailing bytes';
    throw malformed(source.name, `byte ${header.dataOffset}`, expected, `${present} bytes: ${fault}`);
  }
  const rows = { ...layout, dataOffset: header.dataOffset, count, dims, isColumnMajor };
  const createReader = () => createRowReader(source, rows);
  async function* chunks(
    memories = new ChunkMemories(),
    wanted: RowRange = { first: 0, last: count },
  ): AsyncGenerator<RowChunk, void, undefined> {
    yield* rowChunks(wanted, dims, options.chunkVectors, memories, createReader());
    if (wanted.last === count) await requireEnd(source, end);
  }
  return { dims, count, dtype: layout.type, createReader, takesRows: true, chunks };
}

const KINDS: Readonly<Record<string, string>> = { f: 'float', i: 'int', u: 'uint' };

/** `=`, `|` and no sign at all mean the machine's own order to NumPy: little-endian. */
function numbersOf(file: string, descr: string): NumberLayout {
  const [, order, kind, size] = /^([<>=|]?)(?:(?=f[248]|[iu][1248])([fiu])([1248]))$/.exec(descr) ?? [];
  if (kind === undefined)
    throw malformed(file, 'descr', 'a dtype of floats or integers', JSON.stringify(descr.slice(0, 40)));
  return { type: `${KINDS[kind]}${8 * Number(size)}` as NumberType, isBigEndian: order === '>' };
}

function rowsOf(file: string, { shape }: NpyHeader, dims: number | undefined) {
  const found = shapeText(shape);
  const [first, second] = shape;
  if (first === undefined || shape.length > 2) throw malformed(file, 'shape', 'one or two dimensions', found);
  if (second === undefined) {
    if (first === 0 && dims === undefined) throw malformed(file, 'shape', 'numbers, or the option dims', found);
    const length = dims ?? first;
    if (length > MAX_DIMS) throw malformed(file, 'shape', `at most ${MAX_DIMS} components`, found);
    if (first % length !== 0) throw malformed(file, 'shape', `a multiple of the option dims (${length})`, found);
    return { count: first / length, dims: length };
  }
  if (second < 1 || second > MAX_DIMS) throw malformed(file, 'shape', `rows of 1 to ${MAX_DIMS} components`, found);
  requireDims(file, 'shape', dims, second);
  return { count: first, dims: second };
}

function createEncoder(shape: RowShape, file: string): VectorEncoder {
  if (shape.kind === 'index')
    throw new IndexingError('InvalidConfiguration', `${file}: .npy holds no index; name a .safetensors file`);
  if (shape.kind === 'vectors' && shape.dims > MAX_DIMS)
    throw new IndexingError('InvalidConfiguration', `${file} can hold rows of at most ${MAX_DIMS} components`);
  return {
    header: (count) => createNpyHeader(shape.kind === 'column' ? [count] : [count, shape.dims]),
    encode: ({ data: { buffer, byteOffset, byteLength } }) => [new Uint8Array(buffer, byteOffset, byteLength)],
  };
}

function shapeText(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
}
