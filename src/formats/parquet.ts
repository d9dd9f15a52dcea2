/**
 * `.parquet`, through the package hyparquet: rows are the column `vector` or `vectors`, or the only one that is a list of
 * floats; ids are the column `id`, where there is one of integers or strings. Lists may differ in length. Memory is that of one
 * row group. Pages may be uncompressed or compressed by snappy or gzip.
 */
import { gunzipSync } from 'fflate';
import type { FileMetaData, SchemaTree } from 'hyparquet';
import type { ByteSource, Format, RowChunk, RowOptions, VectorRows } from './format.js';
import { malformed } from './malformed.js';
import { chooseVectors, missingPackage, requirePlausible, TrackedSource, toId } from './optional-package.js';
import { ChunkMemories } from './row-chunks.js';
import { RowCollector } from './row-collector.js';

export const parquet: Format = { open };

type Hyparquet = typeof import('hyparquet');

interface Columns {
  readonly vector: string;
  readonly id: string | undefined;
  readonly dtype: string;
}

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const tracked = new TrackedSource(source);
  const { name } = source;
  const library = await importHyparquet(source.name);
  try {
    const metadata = await library.parquetMetadataAsync(tracked);
    const columns = findColumns(name, library.parquetSchema(metadata));
    const count = checkedCount(tracked, metadata);
    const chunks = (memories = new ChunkMemories()) =>
      readChunks(tracked, library, metadata, columns, options, memories);
    return { dims: options.dims, count, dtype: columns.dtype, chunks };
  } catch (error) {
    throw tracked.refusal('parquet', error);
  }
}

// Bundlers pass over an import that is missing where it stands in a try block.
async function importHyparquet(file: string): Promise<Hyparquet> {
  try {
    return await import('hyparquet');
  } catch (cause) {
    throw missingPackage(file, 'parquet', 'hyparquet', cause);
  }
}

function findColumns(file: string, { children }: SchemaTree): Columns {
  const lists = children.flatMap((column) => {
    const dtype = listType(column);
    return dtype ? [{ name: column.element.name, dtype }] : [];
  });
  const { name: vector, dtype } = chooseVectors(file, 'columns', lists, ['vector', 'vectors']);
  const id = children.find(({ element, children: fields }) => element.name === 'id' && fields.length === 0);
  return { vector, dtype, id: id?.element.name };
}

/** The number type of a list of floats: a repeated field, or one within the groups that a list is made of. */
function listType({ element, children }: SchemaTree, repeated = false): string | undefined {
  const isRepeated = repeated || element.repetition_type === 'REPEATED';
  if (children.length === 1) return listType(children[0]!, isRepeated);
  if (children.length > 1 || !isRepeated) return undefined;
  return element.type === 'FLOAT' ? 'float32' : element.type === 'DOUBLE' ? 'float64' : undefined;
}

function checkedCount(source: ByteSource, { num_rows, row_groups }: FileMetaData): number {
  const rows = row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (rows !== Number(num_rows))
    throw malformed(source.name, 'footer', `${num_rows} rows in all row groups`, `${rows} rows`);
  for (const [index, group] of row_groups.entries()) {
    const values = group.columns.map(({ meta_data }) => Number(meta_data?.num_values ?? 0));
    requirePlausible(source, `row group ${index}`, Math.max(Number(group.num_rows), ...values), 1);
  }
  return rows;
}

async function* readChunks(
  source: TrackedSource,
  library: Hyparquet,
  metadata: FileMetaData,
  columns: Columns,
  options: RowOptions,
  memories: ChunkMemories,
): AsyncGenerator<RowChunk, void, undefined> {
  const vectorColumns = metadata.row_groups.flatMap(({ columns: all }) =>
    all.filter(({ meta_data }) => meta_data?.path_in_schema[0] === columns.vector),
  );
  const most = vectorColumns.reduce((sum, { meta_data }) => sum + Number(meta_data!.num_values), 0);
  const rows = new RowCollector(memories, options.chunkVectors, most);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const table = await readGroup(source, library, metadata, columns, rowStart, rowEnd);
    for (const record of table) {
      const where = `row ${rows.count}`;
      const values = vectorOf(source.name, where, record[columns.vector]);
      if (options.dims !== undefined && values.length !== options.dims)
        throw malformed(source.name, where, `${options.dims} components, as the option dims says`, `${values.length}`);
      if (rows.isFullFor(values.length)) yield rows.take();
      rows.add(values, values.length, columns.id && toId(source.name, where, record[columns.id]));
    }
    rowStart = rowEnd;
  }
  if (!rows.isEmpty) yield rows.take();
}

async function readGroup(
  source: TrackedSource,
  { parquetReadObjects, snappyUncompress }: Hyparquet,
  metadata: FileMetaData,
  { vector, id }: Columns,
  rowStart: number,
  rowEnd: number,
): Promise<Record<string, unknown>[]> {
  const room = (input: Uint8Array, length: number) => {
    requirePlausible({ name: source.name, byteLength: input.length }, 'page', length, 1);
    return new Uint8Array(length);
  };
  try {
    const table = await parquetReadObjects({
      file: { byteLength: source.byteLength, slice: (from, to = source.byteLength) => source.slice(from, to) },
      metadata,
      columns: id === undefined ? [vector] : [vector, id],
      rowStart,
      rowEnd,
      compressors: {
        SNAPPY: (input, length) => {
          const output = room(input, length);
          snappyUncompress(input, output);
          return output;
        },
        GZIP: (input, length) => gunzipSync(input, { out: room(input, length) }),
      },
    });
    if (table.length === rowEnd - rowStart) return table;
    throw malformed(source.name, `row ${rowStart}`, `${rowEnd - rowStart} rows in a row group`, `${table.length}`);
  } catch (error) {
    throw source.refusal('parquet', error);
  }
}

function vectorOf(file: string, where: string, value: unknown): Float32Array {
  if (value instanceof Float32Array) return value;
  const isList = Array.isArray(value) || value instanceof Float64Array;
  if (!isList) throw malformed(file, where, 'a list of numbers', value === null ? 'null' : typeof value);
  const bad = Array.prototype.findIndex.call(value, (component) => typeof component !== 'number');
  if (bad !== -1)
    throw malformed(file, where, 'a list of numbers', `${String(value[bad]).slice(0, 20)} at component ${bad}`);
  return Float32Array.from(value);
}
