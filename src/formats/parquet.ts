/**
 * `.parquet`, through the package hyparquet: rows are the column `vector` or `vectors`, or the only one that is a list of
 * floats; ids are the column `id`, where there is one of integers, strings or UUIDs. Lists may differ in length. Memory is that of
 * one row group.
 */
import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet';
import { type IndexingError, messageOf, type RowRange } from '../base/errors.js';
import { chooseVectors } from './choose-vectors.js';
import { cutRows } from './cut-rows.js';
import type { ByteSource, Format, RowOptions, VectorRows } from './format.js';
import { loadPackage } from './load-package.js';
import { malformed, requireDims } from './malformed.js';
import {
  createBudget,
  missingPackage,
  requireMembers,
  requirePlausible,
  TrackedSource,
  toId,
  unfitPackage,
} from './optional-package.js';
import { createDecompressors, requireCodec } from './parquet-codecs.js';
import { type ColumnShape, checkPages } from './parquet-pages.js';
import type { RowChunk } from './row-chunk.js';
import { ChunkMemories } from './row-chunks.js';
import { RowCollector } from './row-collector.js';
import { ThriftReader } from './thrift.js';

export const parquet: Format = { hasColumns: true, open };

type Hyparquet = typeof import('hyparquet');

interface Column {
  readonly name: string;
  /** From the top of the schema, which is not among them, to the leaf. */
  readonly path: readonly SchemaTree[];
}

interface Columns {
  readonly vector: Column;
  readonly id: Column | undefined;
  readonly dtype: string;
}

type RowGroup = FileMetaData['row_groups'][number];

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const tracked = new TrackedSource(source);
  const { name } = source;
  const library = await importHyparquet(source.name);
  try {
    const metadata = library.parquetMetadata(await readFooter(tracked), { geoparquet: false });
    checkSchema(metadata.schema);
    const columns = findColumns(name, library.parquetSchema(metadata), options.column);
    const count = checkedCount(tracked, metadata);
    const chunks = (memories = new ChunkMemories(), wanted: RowRange = { first: 0, last: count }) => {
      const groups = groupsOf(metadata, wanted);
      const rows = { first: wanted.first - groups.firstRow, last: wanted.last - groups.firstRow };
      return cutRows(readChunks(tracked, library, metadata, groups, columns, options, memories), memories, rows);
    };
    return { dims: options.dims, count, dtype: columns.dtype, takesRows: true, chunks };
  } catch (error) {
    throw tracked.refusal('parquet', error);
  }
}

/** Encodings that older versions do not know. */
const NEW_ENCODING = /unsupported encoding: (DELTA_\w+|BYTE_STREAM_SPLIT)$/;

function refusal(source: TrackedSource, error: unknown): IndexingError {
  const [, encoding] = NEW_ENCODING.exec(messageOf(error)) ?? [];
  if (encoding === undefined) return source.refusal('parquet', error);
  return unfitPackage(source.name, 'parquet', 'hyparquet', `does not know the encoding ${encoding}`, error);
}

async function importHyparquet(file: string): Promise<Hyparquet> {
  try {
    return requireMembers(file, 'parquet', 'hyparquet', await loadPackage('hyparquet'), [
      'parquetMetadata',
      'parquetSchema',
      'parquetReadObjects',
      'snappyUncompress',
    ]);
  } catch (cause) {
    throw missingPackage(file, 'parquet', 'hyparquet', cause);
  }
}

const MAGIC_BYTES = 4;
/** "PAR1", and "PARE" where the footer is encrypted. */
const MAGIC = 0x50415231;
const ENCRYPTED_MAGIC = 0x50415245;
/** The uint32 length of the metadata, and the magic. */
const TAIL_BYTES = 8;

/** The metadata and what follows them, once they are well-formed. */
async function readFooter(source: TrackedSource): Promise<ArrayBuffer> {
  const { name, byteLength } = source;
  const tailOffset = byteLength - TAIL_BYTES;
  if (tailOffset < MAGIC_BYTES)
    throw malformed(name, `byte ${byteLength}`, 'a footer', 'the end of the file: it is truncated');
  const tail = new DataView(await source.slice(tailOffset, byteLength));
  const magic = tail.getUint32(TAIL_BYTES - MAGIC_BYTES, false);
  if (magic !== MAGIC) {
    const found =
      magic === ENCRYPTED_MAGIC ? 'PARE: the file is encrypted' : 'other bytes: it is of another kind or truncated';
    throw malformed(name, `byte ${byteLength - MAGIC_BYTES}`, 'PAR1 at the end of the file', found);
  }
  const metadataBytes = tail.getUint32(0, true);
  if (metadataBytes > tailOffset - MAGIC_BYTES)
    throw malformed(name, `byte ${tailOffset}`, 'the length of the footer', String(metadataBytes));
  const footer = await source.slice(tailOffset - metadataBytes, byteLength);
  new ThriftReader(new Uint8Array(footer, 0, metadataBytes)).struct();
  return footer;
}

/** More than anybody nests: every element's path is kept. */
const MAX_DEPTH = 32;

function checkSchema(elements: FileMetaData['schema']): void {
  const open: number[] = [];
  for (const { num_children: children } of elements) {
    if (children) open.push(children + 1);
    if (open.length > MAX_DEPTH) throw new Error(`its columns nest more than ${MAX_DEPTH} deep`);
    while (open.length > 0 && --open[open.length - 1]! === 0) open.pop();
  }
}

function findColumns(file: string, { children }: SchemaTree, wanted: string | undefined): Columns {
  const lists = children.flatMap((column) => {
    const dtype = listType(column);
    return dtype ? [{ name: column.element.name, dtype, path: pathTo(column) }] : [];
  });
  const others = children.map(({ element }) => element.name).filter((each) => !lists.some(({ name }) => name === each));
  const known = ['vector', 'vectors'];
  const vector = chooseVectors(file, { what: 'column', candidates: lists, others, known, column: wanted });
  const id = children.find(({ element, children: fields }) => element.name === 'id' && fields.length === 0);
  if (id && !isId(id.element))
    throw malformed(
      file,
      'column "id"',
      'strings, integers or UUIDs',
      id.element.converted_type ?? String(id.element.type),
    );
  return { vector, dtype: vector.dtype, id: id && { name: 'id', path: [id] } };
}

/** From a column to its only leaf. */
function pathTo(column: SchemaTree): SchemaTree[] {
  return column.children.length === 0 ? [column] : [column, ...pathTo(column.children[0]!)];
}

const UUID_BYTES = 16;
const FLOAT16_BYTES = 2;

/** Whether a column can hold ids. Dates, shapes and the like cannot, and hyparquet would convert them first. */
function isId(element: SchemaElement): boolean {
  const { type, type_length: bytes, converted_type: converted, logical_type: logical } = element;
  if (type === 'FIXED_LEN_BYTE_ARRAY') return logical?.type === 'UUID' && bytes === UUID_BYTES;
  const isKnown = converted === undefined || /^(UTF8|ENUM|U?INT_\d+)$/.test(converted);
  const isPlain = logical === undefined || ['STRING', 'ENUM', 'INTEGER'].includes(logical.type);
  // JavaScript has no other numbers, and pandas makes them of integers where one is missing.
  const isNumber = type === 'INT32' || type === 'INT64' || type === 'DOUBLE';
  return (isNumber || type === 'BYTE_ARRAY') && isKnown && isPlain;
}

/** The number type of a list of floats or integers: a repeated field, or one within the groups that a list is made of. */
function listType({ element, children }: SchemaTree, repeated = false): string | undefined {
  const isRepeated = repeated || element.repetition_type === 'REPEATED';
  const { type, type_length: bytes, converted_type: converted, logical_type: logical } = element;
  const isHalf = type === 'FIXED_LEN_BYTE_ARRAY' && logical?.type === 'FLOAT16' && bytes === FLOAT16_BYTES;
  if (isHalf) return isRepeated ? 'float16' : undefined;
  const integer = /^U?INT_\d+$/.exec(converted ?? '')?.[0];
  if (integer !== undefined || logical?.type === 'INTEGER') return isRepeated ? integerType(element) : undefined;
  // Groups and numbers with another meaning, such as maps or dates, hold no vectors.
  if ((converted !== undefined && converted !== 'LIST') || (logical !== undefined && logical.type !== 'LIST'))
    return undefined;
  if (children.length === 1) return listType(children[0]!, isRepeated);
  if (children.length > 1 || !isRepeated) return undefined;
  return PLAIN_NUMBERS[type ?? ''];
}

function integerType({ type, converted_type: converted, logical_type: logical }: SchemaElement): string | undefined {
  if (type !== 'INT32' && type !== 'INT64') return undefined;
  if (logical?.type === 'INTEGER') return `${logical.isSigned ? 'int' : 'uint'}${logical.bitWidth}`;
  return converted?.toLowerCase().replace('_', '');
}

const PLAIN_NUMBERS: Readonly<Record<string, string>> = {
  FLOAT: 'float32',
  DOUBLE: 'float64',
  INT32: 'int32',
  INT64: 'int64',
};

function checkedCount(source: ByteSource, { num_rows, row_groups }: FileMetaData): number {
  const rows = row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (rows !== Number(num_rows))
    throw malformed(source.name, 'footer', `${num_rows} rows in all row groups`, `${rows} rows`);
  let bytes = 0;
  for (const [index, group] of row_groups.entries()) {
    const values = group.columns.map(({ meta_data }) => Number(meta_data?.num_values));
    requirePlausible(source, `row group ${index}`, Math.max(Number(group.num_rows), ...values), 1);
    if (!(group.num_rows >= 0 && values.every((count) => count >= 0)))
      throw malformed(source.name, `row group ${index}`, 'counts from 0 on', 'a negative one');
    for (const { meta_data } of group.columns) bytes += Number(meta_data?.total_compressed_size);
  }
  // Columns do not share bytes.
  if (!(bytes <= source.byteLength))
    throw malformed(source.name, 'footer', `columns within the ${source.byteLength} bytes of the file`, `${bytes}`);
  return rows;
}

/** The row groups in which some rows lie, and the first row of the first of them. */
interface RowGroups {
  readonly firstRow: number;
  readonly groups: readonly RowGroup[];
}

function groupsOf({ row_groups }: FileMetaData, { first, last }: RowRange): RowGroups {
  const ends: number[] = [];
  for (const { num_rows } of row_groups) ends.push((ends.at(-1) ?? 0) + Number(num_rows));
  const begins = ends.map((_, i) => ends[i - 1] ?? 0);
  const groups = row_groups.filter((_, i) => ends[i]! > first && begins[i]! < last);
  const at = row_groups.indexOf(groups[0]!);
  return { firstRow: begins[at] ?? 0, groups };
}

async function* readChunks(
  source: TrackedSource,
  library: Hyparquet,
  metadata: FileMetaData,
  { firstRow, groups }: RowGroups,
  columns: Columns,
  options: RowOptions,
  memories: ChunkMemories,
): AsyncGenerator<RowChunk, void, undefined> {
  const vectorColumns = groups.flatMap(({ columns: all }) =>
    all.filter(({ meta_data }) => meta_data?.path_in_schema[0] === columns.vector.name),
  );
  const most = vectorColumns.reduce((sum, { meta_data }) => sum + Number(meta_data!.num_values), 0);
  const rows = new RowCollector(memories, options.chunkVectors, most);
  const spend = createBudget(source);
  for (const group of groups) {
    const first = firstRow + rows.count;
    const vectors = await readColumn(source, library, metadata, group, columns.vector, first, spend);
    const ids = columns.id && (await readColumn(source, library, metadata, group, columns.id, first, spend));
    for (const [row, vector] of vectors.entries()) {
      const where = `row ${firstRow + rows.count}`;
      const values = vectorOf(source.name, where, vector);
      if (values.length > 0) requireDims(source.name, where, options.dims, values.length);
      const id = ids && toId(source.name, where, ids[row]);
      if (rows.isFullFor(values.length, id)) yield rows.take();
      rows.add(values, values.length, id);
    }
  }
  if (!rows.isEmpty) yield rows.take();
}

/** A column of a row group, whose pages are checked before hyparquet reads them, or when it has had them uncompressed. */
async function readColumn(
  source: TrackedSource,
  library: Hyparquet,
  metadata: FileMetaData,
  group: RowGroup,
  column: Column,
  firstRow: number,
  spend: (bytes: number) => void,
): Promise<unknown[]> {
  const rows = Number(group.num_rows);
  try {
    const { bytes, start, shape } = await readPages(source, group, column);
    const compressors = createDecompressors(library, checkPages(bytes, shape, spend), spend);
    const table = await library.parquetReadObjects({
      file: {
        byteLength: source.byteLength,
        slice: (from, to = source.byteLength) => bytes.slice(from - start, to - start).buffer,
      },
      metadata: { ...metadata, num_rows: group.num_rows, row_groups: [group] },
      columns: [column.name],
      rowEnd: rows,
      compressors,
    });
    if (table.length === rows) return table.map((record) => record[column.name]);
    throw malformed(source.name, `row ${firstRow}`, `${rows} rows in a row group`, `${table.length}`);
  } catch (error) {
    throw refusal(source, error);
  }
}

/** The least bytes of a plain value; a text has its length at least. */
const ITEM_BYTES: Partial<Record<string, number>> = { FLOAT: 4, DOUBLE: 8, INT32: 4, INT64: 8, BYTE_ARRAY: 4 };

async function readPages(source: TrackedSource, group: RowGroup, { name, path }: Column) {
  const [only, ...others] = group.columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === name);
  const data = only?.meta_data;
  const leaf = path.at(-1)!;
  if (!data || others.length > 0 || data.path_in_schema.join('.') !== leaf.path.join('.'))
    throw new Error(`a row group has not one column ${JSON.stringify(name.slice(0, 40))}`);
  requireCodec(source.name, name, data.codec);
  const { type } = data;
  if (type !== leaf.element.type || type === 'BOOLEAN' || type === 'INT96')
    throw new Error(`a column of the type ${type}, which is ${leaf.element.type} in the schema`);
  const repetitions = path.map(({ element }) => element.repetition_type);
  const shape: ColumnShape = {
    type,
    itemBytes: ITEM_BYTES[type] ?? leaf.element.type_length!,
    count: Number(data.num_values),
    isCompressed: data.codec !== 'UNCOMPRESSED',
    maxRepetition: repetitions.filter((repetition) => repetition === 'REPEATED').length,
    maxDefinition: repetitions.filter((repetition) => repetition !== 'REQUIRED').length,
  };
  const start = Number(data.dictionary_page_offset || data.data_page_offset);
  const bytes = new Uint8Array(await source.slice(start, start + Number(data.total_compressed_size)));
  return { bytes, start, shape };
}

/** Null for a vector is one without components, and null in it is NaN. */
function vectorOf(file: string, where: string, value: unknown): Float32Array {
  if (value instanceof Float32Array) return value;
  if (value === null || value === undefined) return new Float32Array(0);
  if (!Array.isArray(value) && !ArrayBuffer.isView(value))
    throw malformed(file, where, 'a list of numbers', typeof value);
  const components = value as ArrayLike<unknown>;
  return Float32Array.from(components, (component, i) => {
    if (typeof component === 'number') return component;
    if (typeof component === 'bigint') return Number(component);
    if (component === null || component === undefined) return Number.NaN;
    throw malformed(file, where, 'a list of numbers', `${String(component).slice(0, 20)} at component ${i}`);
  });
}
