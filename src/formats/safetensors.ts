/**
 * `.safetensors`: rows are the tensor `vectors`, or the only one of floats or integers with two dimensions; ids are `ids`, or
 * `ids_bytes` with `ids_offsets`, as in a saved index. Written with `vectors` and, where rows have them, ids; as a saved index
 * with `magnitudes` too, and with ids always: those of the rows, or their positions.
 */
import { IndexingError } from '../base/errors.js';
import type { VectorId } from '../vectors/vector-id.js';
import { chooseVectors } from './choose-vectors.js';
import { createRowReader, type NumberType } from './fixed-rows.js';
import type { ByteSource, Format, RowOptions, RowShape, VectorEncoder, VectorRows } from './format.js';
import { MAX_DIMS } from './format.js';
import { malformed, requireDims } from './malformed.js';
import type { IdentifiedMatrix } from './row-chunk.js';
import { ChunkMemories, rowChunks } from './row-chunks.js';
import {
  createSafetensorsHeader,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type Tensor,
} from './safetensors-header.js';
import {
  createSavedIndexHeader,
  decodeIds,
  encodeIds,
  idTensors,
  SAVED_HEADER_BYTES,
  type SavedIds,
} from './saved-index.js';

export const safetensors: Format = {
  hasColumns: true,
  open,
  writer: { headerHolds: 'all sizes', ragged: false, createEncoder },
};

const TYPES: Readonly<Record<string, NumberType>> = {
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64',
  I8: 'int8',
  I16: 'int16',
  I32: 'int32',
  I64: 'int64',
  U8: 'uint8',
  U16: 'uint16',
  U32: 'uint32',
  U64: 'uint64',
};

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const { tensors } = await readSafetensorsHeader(source);
  const [name, tensor] = findVectors(source.name, tensors, options.column);
  const [count, dims] = tensor.shape as [number, number];
  const where = `tensor ${JSON.stringify(name.slice(0, 40))}`;
  if (dims < 1 || dims > MAX_DIMS)
    throw malformed(source.name, where, `rows of 1 to ${MAX_DIMS} components`, `[${tensor.shape.join(', ')}]`);
  requireDims(source.name, where, options.dims, dims);
  const type = TYPES[tensor.dtype]!;
  const readIds = findIds(source, tensors, count);
  const rows = { dataOffset: tensor.byteOffset, count, dims, type, isBigEndian: false, isColumnMajor: false };
  const createReader = () => createRowReader(source, rows);
  const scales = name === 'vectors' && tensor.dtype === 'I8' ? findScales(tensors, count) : undefined;
  const chunks = (memories = new ChunkMemories(), wanted = { first: 0, last: count }) => {
    const own = rowChunks(wanted, dims, options.chunkVectors, memories, createReader());
    return withIds(scales ? scaled(source, scales, own, wanted.first) : own, wanted.first, readIds);
  };
  return { dims, count, dtype: type, ...(!scales && { createReader }), takesRows: true, chunks };
}

/** Scales of the rows of an index that are kept as int8: each row is multiplied by its own. */
function findScales(tensors: SafetensorsHeader['tensors'], count: number): Tensor | undefined {
  const scales = tensors.get('scales');
  return scales?.dtype === 'F32' && scales.shape.length === 1 && scales.shape[0] === count ? scales : undefined;
}

async function* scaled(
  source: ByteSource,
  scales: Tensor,
  chunks: AsyncIterable<IdentifiedMatrix>,
  firstRow: number,
): AsyncGenerator<IdentifiedMatrix, void, undefined> {
  let first = firstRow;
  for await (const chunk of chunks) {
    const { data, dims } = chunk;
    const some = new Float32Array(data.length / dims);
    await source.readInto(bytesOf(some), scales.byteOffset + 4 * first);
    for (let i = 0; i < data.length; i++) data[i]! *= some[Math.floor(i / dims)]!;
    yield chunk;
    first += some.length;
  }
}

type ReadIds = (first: number, count: number) => Promise<VectorId[]>;

async function* withIds(
  chunks: AsyncIterable<IdentifiedMatrix>,
  firstRow: number,
  readIds: ReadIds | undefined,
): AsyncGenerator<IdentifiedMatrix, void, undefined> {
  let first = firstRow;
  for await (const { data, dims } of chunks) {
    const count = data.length / dims;
    yield readIds ? { data, dims, ids: await readIds(first, count) } : { data, dims };
    first += count;
  }
}

function findVectors(
  file: string,
  tensors: SafetensorsHeader['tensors'],
  column: string | undefined,
): [string, Tensor] {
  const isMatrix = ([, { dtype, shape }]: [string, Tensor]) => Object.hasOwn(TYPES, dtype) && shape.length === 2;
  const candidates = [...tensors].filter(isMatrix).map((entry) => ({ name: entry[0], entry }));
  const others = [...tensors].filter((entry) => !isMatrix(entry)).map(([name]) => name);
  return chooseVectors(file, { what: 'tensor', candidates, others, known: ['vectors'], column }).entry;
}

function findIds(source: ByteSource, tensors: SafetensorsHeader['tensors'], count: number): ReadIds | undefined {
  const values = tensors.get('ids');
  if (values?.dtype === 'I64' && values.shape.length === 1 && values.shape[0] === count) {
    return async (first, rows) => {
      const some = new BigInt64Array(rows);
      await source.readInto(new Uint8Array(some.buffer), values.byteOffset + 8 * first);
      return decodeIds(source.name, { kind: 'numbers', values: some }, first);
    };
  }
  const bytes = tensors.get('ids_bytes');
  const offsets = tensors.get('ids_offsets');
  if (bytes?.dtype !== 'U8' || offsets?.dtype !== 'I64' || offsets.shape[0] !== count + 1) return undefined;
  return async (first, rows) => {
    const some = new BigInt64Array(rows + 1);
    await source.readInto(new Uint8Array(some.buffer), offsets.byteOffset + 8 * first);
    const [begin, end] = [Number(some[0]), Number(some[rows])];
    if (!(begin >= 0 && begin <= end && end <= bytes.byteLength))
      throw malformed(
        source.name,
        `ids_offsets, row ${first}`,
        `offsets up to ${bytes.byteLength}`,
        `${begin}, ${end}`,
      );
    const text = new Uint8Array(end - begin);
    await source.readInto(text, bytes.byteOffset + begin);
    return decodeIds(source.name, { kind: 'strings', bytes: text, offsets: some }, first);
  };
}

function createEncoder(shape: RowShape, file: string): VectorEncoder {
  if (shape.kind === 'column')
    throw new IndexingError('InvalidConfiguration', `${file}: .safetensors holds rows; name a .npy file`);
  return shape.kind === 'index' ? indexEncoder(shape, file) : vectorsEncoder(shape.dims, file);
}

function indexEncoder(
  { dims, metric, order, compact }: Extract<RowShape, { kind: 'index' }>,
  file: string,
): VectorEncoder {
  const ids = new IdColumns(file);
  const precision = compact?.precision;
  return {
    header: (count) => createSavedIndexHeader({ count, dims, metric, order, precision, ids: ids.saved }),
    encode: ({ data }) => compact?.encode(data) ?? [bytesOf(data)],
    columns: [
      ({ magnitudes }) => bytesOf(magnitudes!),
      (rows) => ids.encode(rows.ids ?? Array.from({ length: rows.count }, (_, row) => ids.count + row)),
      () => ids.takeOffsets(),
      ...(precision === 'int8' ? [() => bytesOf(compact!.scales)] : []),
    ],
  };
}

function vectorsEncoder(dims: number, file: string): VectorEncoder {
  const ids = new IdColumns(file);
  return {
    header: (count) => {
      const vectors = { dtype: 'F32', shape: [count, dims] } as const;
      const columns = ids.count > 0 ? idTensors(count, ids.saved) : {};
      return createSafetensorsHeader({ vectors, ...columns }, {}, SAVED_HEADER_BYTES);
    },
    encode: ({ data }) => [bytesOf(data)],
    columns: [({ ids: given, count }) => ids.encode(given ?? [], count), () => ids.takeOffsets()],
  };
}

/** The bytes of ids as they come, chunk by chunk. All of a file are of one kind, and every row has one, or none has. */
class IdColumns {
  readonly #file: string;
  #kind: 'numbers' | 'strings' | undefined;
  #byteLength = 0;
  #offsets: BigInt64Array<ArrayBuffer> = new BigInt64Array(0);
  /** Ids so far. */
  count = 0;
  /** Rows so far, with an id or without. */
  #rows = 0;

  constructor(file: string) {
    this.#file = file;
  }

  get saved(): SavedIds {
    return this.#kind === 'strings' ? { kind: 'strings', byteLength: this.#byteLength } : { kind: 'numbers' };
  }

  /** @param rows that the ids are of */
  encode(ids: readonly VectorId[], rows = ids.length): Uint8Array {
    if (rows > 0 && this.#rows > 0 && (ids.length === 0) !== (this.count === 0))
      throw this.#refusal(`some rows before row ${this.#rows} have ids and later ones have none, or the reverse`);
    this.#rows += rows;
    this.#offsets = new BigInt64Array(0);
    if (ids.length === 0) return new Uint8Array(0);
    const encoded = encodeIds(ids);
    this.#kind ??= encoded.kind;
    if (this.#kind !== encoded.kind)
      throw this.#refusal(`ids are ${this.#kind} up to row ${this.count} and ${encoded.kind} from there on`);
    this.count += ids.length;
    if (encoded.kind === 'numbers') return bytesOf(encoded.values);
    const begin = BigInt(this.#byteLength);
    this.#byteLength += encoded.bytes.length;
    // n rows have n + 1 offsets: the first chunk also brings the 0.
    const offsets = this.count === ids.length ? encoded.offsets : encoded.offsets.subarray(1);
    this.#offsets = offsets.map((offset) => begin + offset);
    return encoded.bytes;
  }

  /** The offsets of the ids just encoded, where those are strings. */
  takeOffsets(): Uint8Array {
    return bytesOf(this.#offsets);
  }

  #refusal(sentence: string): IndexingError {
    return new IndexingError('InvalidConfiguration', `cannot write ${this.#file}: ${sentence}`);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
