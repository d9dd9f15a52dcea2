/**
 * `.arrow` (Feather 2), the file and the stream form of Arrow IPC, through the package apache-arrow: rows are the column
 * `vector` or `vectors`, or the only one that is a list of floats, of fixed size or not; ids are the column `id`, where there
 * is one of integers or strings. Memory is that of one record batch, which may be compressed.
 */
import type {
  Data,
  DataType,
  Field,
  FixedSizeList,
  Float,
  RecordBatch,
  RecordBatchReader,
  Schema,
  TypeMap,
} from 'apache-arrow';
import { registerCodecs } from './arrow-codecs.js';
import { checkArrowMetadata } from './arrow-metadata.js';
import { widenHalvesInto } from './float16.js';
import type { ByteSource, Format, RowChunk, RowOptions, VectorRows } from './format.js';
import { MAX_DIMS } from './format.js';
import { malformed, requireDims } from './malformed.js';
import { chooseVectors, missingPackage, TrackedSource, toId } from './optional-package.js';
import { ChunkMemories } from './row-chunks.js';
import { RowCollector } from './row-collector.js';

export const arrow: Format = { open };

type Arrow = typeof import('apache-arrow');

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const tracked = new TrackedSource(source);
  const library = await importArrow(source.name);
  try {
    await checkArrowMetadata(tracked);
    registerCodecs(library);
    const reader = await openReader(library, tracked);
    const vector = findVectors(library, source.name, reader.schema);
    const dims = library.DataType.isFixedSizeList(vector.type) ? vector.type.listSize : options.dims;
    if (dims !== undefined && (dims < 1 || dims > MAX_DIMS))
      throw malformed(source.name, 'schema', `rows of 1 to ${MAX_DIMS}`, String(dims));
    if (dims !== undefined) requireDims(source.name, 'schema', options.dims, dims);
    const dtype = `float${[16, 32, 64][floatOf(library, vector.type)!.precision]}`;
    const chunks = (memories = new ChunkMemories()) => readChunks(tracked, library, vector.name, options, memories);
    // How many rows there are, only reading the batches tells.
    return { dims, count: undefined, dtype, chunks };
  } catch (error) {
    throw tracked.refusal('arrow', error);
  }
}

// Bundlers pass over an import that is missing where it stands in a try block.
async function importArrow(file: string): Promise<Arrow> {
  try {
    return await import('apache-arrow');
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
  // Of all that apache-arrow takes, only a FileHandle is not read into memory whole where the file form needs positions.
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

function findVectors(library: Arrow, file: string, schema: Schema): Field {
  const candidates = schema.fields.filter(({ type }) => floatOf(library, type) !== undefined);
  return chooseVectors(file, 'columns', candidates, ['vector', 'vectors']);
}

/** The floats that a list is of; undefined for every other type. */
function floatOf({ DataType }: Arrow, type: DataType): Float | undefined {
  if (!DataType.isFixedSizeList(type) && !DataType.isList(type) && !DataType.isLargeList(type)) return undefined;
  const item = type.children[0]?.type;
  return item && DataType.isFloat(item) ? item : undefined;
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
      requireDims(source.name, where, dims, values.length);
      if (rows.isFullFor(values.length)) yield rows.take();
      rows.add(values, values.length, ids && toId(source.name, where, ids(row)));
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
  if (!list || !item) throw refuse('a list of floats', 'no data');
  if (list.length !== batch.numRows) throw refuse(`${batch.numRows} lists`, String(list.length));
  if (list.nullCount !== 0 || item.nullCount !== 0) throw refuse('numbers', 'null');
  const values = toFloat32(item.values as Float32Array | Float64Array | Uint16Array);
  const isFixed = library.DataType.isFixedSizeList(list.type);
  const size = isFixed ? (list.type as FixedSizeList).listSize : 0;
  // Of 64 bits in a LargeList.
  const offsets = list.valueOffsets as Int32Array | BigInt64Array;
  return (row) => {
    const from = isFixed ? (list.offset + row) * size : Number(offsets[row]);
    const to = isFixed ? from + size : Number(offsets[row + 1]);
    if (from >= 0 && from <= to && to <= values.length) return values.subarray(from, to);
    throw refuse(`lists within ${values.length} numbers`, `one from ${from} to ${to}`);
  };
}

/** float16 lies as its bits. */
function toFloat32(values: Float32Array | Float64Array | Uint16Array): Float32Array {
  if (values instanceof Float32Array) return values;
  if (values instanceof Float64Array) return Float32Array.from(values);
  const widened = new Float32Array(values.length);
  widenHalvesInto(new Uint32Array(widened.buffer), 0, values);
  return widened;
}
