/**
 * `.npy`, NumPy's array format: rows of float16, float32 or float64 in C order, read as float32 and written as float32.
 *
 * A 2-D array is count × dims. A 1-D array of n numbers is one vector of n components or, with the option `dims`,
 * n / dims rows. float32 goes from the file straight into the matrix; a float64 beyond float32 becomes ±Infinity.
 */
import { IndexingError } from '../base/errors.js';
import { createRowReader, FLOAT_BYTES, type FloatType } from './fixed-rows.js';
import type { ByteSource, Format, RowOptions, RowShape, VectorEncoder, VectorRows } from './format.js';
import { MAX_DIMS } from './format.js';
import { malformed, requireDims } from './malformed.js';
import { createNpyHeader, type NpyHeader, readNpyHeader } from './npy-header.js';
import { ChunkMemories, rowChunks } from './row-chunks.js';

export const npy: Format = { open, writer: { headerHolds: 'count', ragged: false, createEncoder } };

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const header = await readNpyHeader(source);
  const type = typeOf(source.name, header.descr);
  const { count, dims } = rowsOf(source.name, header, options.dims);

  // Exact for any shape a header can claim; once it holds, every product below is at most the size of the file.
  const claimed = header.shape.reduce((product, length) => product * BigInt(length), BigInt(FLOAT_BYTES[type]));
  const present = source.byteLength - header.dataOffset;
  if (claimed !== BigInt(present)) {
    const expected = `${claimed} bytes of data for shape ${shapeText(header.shape)} of ${header.descr}`;
    const fault = claimed > present ? 'the file is truncated' : 'there are trailing bytes';
    throw malformed(source.name, `byte ${header.dataOffset}`, expected, `${present} bytes: ${fault}`);
  }
  const createReader = () => createRowReader(source, header.dataOffset, dims, type);
  return {
    dims,
    count,
    dtype: type,
    createReader,
    chunks: (memories = new ChunkMemories()) => rowChunks(count, dims, options.chunkVectors, memories, createReader()),
  };
}

/** `=`, `|` and no sign at all mean the machine's own order to NumPy: little-endian. */
function typeOf(file: string, descr: string): FloatType {
  const [, order, size] = /^([<>=|]?)f([248])$/.exec(descr) ?? [];
  if (size === undefined) throw malformed(file, 'descr', 'a dtype of <f2, <f4 or <f8', JSON.stringify(descr));
  if (order === '>')
    throw malformed(
      file,
      'descr',
      `little-endian numbers (save it with .astype('<f${size}'))`,
      `big-endian '${descr}'`,
    );
  return ({ 2: 'float16', 4: 'float32', 8: 'float64' } as const)[size as '2' | '4' | '8'];
}

function rowsOf(file: string, { shape, fortranOrder }: NpyHeader, dims: number | undefined) {
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
  if (fortranOrder)
    throw malformed(file, 'fortran_order', 'rows in C order (save it with numpy.ascontiguousarray)', 'Fortran order');
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
