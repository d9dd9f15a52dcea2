/**
 * `.arrow` (Feather 2), the file and the stream form of Arrow IPC, through the package apache-arrow: rows are the column that the option
 * `column` names, or `vector` or `vectors`, or the only one that is a list of floats or integers, of fixed size or not; ids are the column
 * `id`, where there is one of integers or strings. Null for a vector is a row without components, and null in it is NaN. Memory is that of
 * one record batch, which may be compressed.
 */
import type {
  Data,
  DataType,
  Field,
  FixedSizeList,
  RecordBatch,
  RecordBatchReader,
  Schema,
  TypeMap,
} from 'apache-arrow';
import { type IndexingError, messageOf } from '../base/errors.js';
import { widenHalvesInto } from '../base/float16.js';
import type { NumberArray } from '../vectors/vector-source.js';
import { registerCodecs } from './arrow-codecs.js';
import { checkArrowMetadata } from './arrow-metadata.js';
import { chooseVectors } from './choose-vectors.js';
import type { ByteSource, Format, RowOptions, VectorRows } from './format.js';
import { MAX_DIMS } from './format.js';
import { loadPackage } from './load-package.js';
import { malformed, requireDims } from './malformed.js';
import { missingPackage, requireMembers, TrackedSource, toId, unfitPackage } from './optional-package.js';
import type { RowChunk } from './row-chunk.js';
import { ChunkMemories } from './row-chunks.js';
import { RowCollector } from './row-collector.js';

export const arrow: Format = { hasColumns: true, open };

type Arrow = typeof import('apache-arrow');

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const tracked = new TrackedSource(source);
  const library = await importArrow(source.name);
  try {
    if ((await checkArrowMetadata(tracked)).isCompressed)
      registerCodecs(requireArrow(source.name, library, ['compressionRegistry', 'CompressionType']));
    const reader = await openReader(library, tracked);
    const vector = findVectors(library, source.name, reader.schema, options.column);
    const dims = library.DataType.isFixedSizeList(vector.type) ? vector.type.listSize : options.dims;
    if (dims !== undefined && (dims < 1 || dims > MAX_DIMS))
      throw malformed(source.name, 'schema', `rows of 1 to ${MAX_DIMS}`, String(dims));
    if (dims !== undefined) requireDims(source.name, 'schema', options.dims, dims);
    const dtype = numberType(library, vector.type)!;
    const chunks = (memories = new ChunkMemories()) => readChunks(tracked, library, vector.name, options, memories);
    // How many rows there are, only reading the batches tells.
    return { dims, count: undefined, dtype, chunks };
  } catch (error) {
    throw refusal(tracked, library, error);
  }
}

/** Older versions do not know the types that newer writers choose. */
function refusal(source: TrackedSource, library: Arrow, error: unknown): IndexingError {
  if ('LargeList' in library || !messageOf(error).startsWith('Unrecognized type'))
    return source.refusal('arrow', error);
  return unfitPackage(source.name, 'arrow', 'apache-arrow', 'does not know a type of its columns', error);
}

function requireArrow(file: string, library: Arrow, members: readonly (keyof Arrow)[]): Arrow {
  return requireMembers(file, 'arrow', 'apache-arrow', library, members);
}

async function importArrow(file: string): Promise<Arrow> {
  try {
    return requireArrow(file, await loadPackage('apache-arrow'), ['RecordBatchReader', 'DataType']);
  } catch (cause) {
    throw missingPackage(file, 'arrow', 'apache-arrow', cause);
  }
}

/** The part of apache-arrow that takes a source: what it reads of a FileHandle is a few methods. */
interface Readers {
  from(source: object): Promise<RecordBatchReader<TypeMap>>;
}

async function openReader(library: Arrow, source: TrackedSource): Promise<RecordBatchReader<TypeMap>> {
  const readers: Readers = library.RecordBatchReader;
  // apache-arrow reads every other kind of input whole into memory where the file form needs positions; a FileHandle is not.
  const handle = {
    fd: -1,
    stat: async () => ({ size: source.byteLength }),
    async read(buffer: Uint8Array, offset: number, length: number, position: number) {
      const bytesRead = Math.min(length, buffer.length - offset, source.byteLength - position);
      if (bytesRead < 1) throw malformed(source.name, `byte ${position}`, 'more of the file', 'its end');
      await source.readInto(buffer.subarray(offset, offset + bytesRead), position);
      return { bytesRead, buffer };
    },
    close: async () => undefined,
  };
  return (await readers.from(handle)).open() as Promise<RecordBatchReader<TypeMap>>;
}

function findVectors(library: Arrow, file: string, schema: Schema, column: string | undefined): Field {
  const [candidates, others]: [Field[], string[]] = [[], []];
  for (const field of schema.fields) {
    if (numberType(library, field.type)) candidates.push(field);
    else others.push(field.name);
  }
  return chooseVectors(file, { what: 'column', candidates, others, known: ['vector', 'vectors'], column });
}

/** The numbers that a list is of; undefined for every other type. */
function numberType({ DataType }: Arrow, type: DataType): string | undefined {
  // Older versions have no LargeList.
  if (!DataType.isFixedSizeList(type) && !DataType.isList(type) && !DataType.isLargeList?.(type)) return undefined;
  const item = type.children[0]?.type;
  if (!item) return undefined;
  if (DataType.isFloat(item)) return `float${[16, 32, 64][item.precision]}`;
  return DataType.isInt(item) ? `${item.isSigned ? 'int' : 'uint'}${item.bitWidth}` : undefined;
}

async function* readChunks(
  source: TrackedSource,
  library: Arrow,
  column: string,
  { dims, chunkVectors }: RowOptions,
  memories: ChunkMemories,
): AsyncGenerator<RowChunk, void, undefined> {
  const rows = new RowCollector(memories, chunkVectors, source.byteLength);
  for await (const batch of readBatches(source, library)) {
    const lists = listsOf(library, source.name, batch, column, rows.count);
    const ids = idsOf(source, batch);
    for (let row = 0; row < batch.numRows; row++) {
      const where = `row ${rows.count}`;
      const values = lists(row);
      if (values.length > 0) requireDims(source.name, where, dims, values.length);
      const id = ids && toId(source.name, where, ids(row));
      if (rows.isFullFor(values.length, id)) yield rows.take();
      rows.add(values, values.length, id);
    }
  }
  if (!rows.isEmpty) yield rows.take();
}

/** The ids of a batch, by row, where it has some. */
function idsOf(source: TrackedSource, batch: RecordBatch): ((row: number) => unknown) | undefined {
  const ids = batch.getChild('id');
  if (!ids) return undefined;
  return (row) => {
    try {
      return ids.get(row);
    } catch (error) {
      throw source.refusal('arrow', error);
    }
  };
}

async function* readBatches(source: TrackedSource, library: Arrow): AsyncGenerator<RecordBatch, void, undefined> {
  try {
    yield* await openReader(library, source);
  } catch (error) {
    throw source.refusal('arrow', error);
  }
}

/** The rows of a batch, by number: views on its memory where that is float32. Every buffer is checked against what it must hold. */
function listsOf(
  library: Arrow,
  file: string,
  batch: RecordBatch,
  column: string,
  firstRow: number,
): (row: number) => Float32Array {
  const refuse = (expected: string, found: string) => malformed(file, `rows from ${firstRow} on`, expected, found);
  const list: Data | undefined = batch.getChild(column)?.data[0];
  const item: Data | undefined = list?.children[0];
  if (!list || !item) throw refuse('a list of numbers', 'no data');
  if (list.length !== batch.numRows) throw refuse(`${batch.numRows} lists`, String(list.length));
  const values = toFloat32(library, item);
  const isFixed = library.DataType.isFixedSizeList(list.type);
  const size = isFixed ? (list.type as FixedSizeList).listSize : 0;
  // Offsets have 64 bits in a LargeList.
  const offsets = list.valueOffsets as Int32Array | BigInt64Array;
  return (row) => {
    if (list.nullCount !== 0 && !list.getValid(row)) return new Float32Array(0);
    const from = isFixed ? (list.offset + row) * size : Number(offsets[row]);
    const to = isFixed ? from + size : Number(offsets[row + 1]);
    if (from >= 0 && from <= to && to <= values.length) return values.subarray(from, to);
    throw refuse(`lists within ${values.length} numbers`, `one from ${from} to ${to}`);
  };
}

/** The items of lists, a view on them where they are float32 without nulls. */
function toFloat32({ DataType }: Arrow, item: Data): Float32Array {
  const numbers = widened(item.values as NumberArray | BigInt64Array | BigUint64Array, DataType.isFloat(item.type));
  if (item.nullCount === 0) return numbers;
  const values = numbers === item.values ? numbers.slice() : numbers;
  for (let i = 0; i < values.length; i++) if (!item.getValid(i)) values[i] = Number.NaN;
  return values;
}

function widened(values: NumberArray | BigInt64Array | BigUint64Array, isFloat: boolean): Float32Array {
  if (values instanceof Float32Array) return values;
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) return Float32Array.from(values, Number);
  const result = new Float32Array(values.length);
  // float16 lies as its bits.
  if (isFloat && values instanceof Uint16Array) widenHalvesInto(new Uint32Array(result.buffer), 0, values);
  else result.set(values);
  return result;
}
