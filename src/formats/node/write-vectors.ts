/**
 * Vectors, or a column of numbers, to a file that appears whole or not at all (`createAtomicFile`). A writer belongs to its
 * creator, who calls `finish()` or `abort()`; any error aborts it. One call at a time: overlapping writes are refused.
 */
import { IndexingError, invalidConfiguration } from '../../base/errors.js';
import type { Precision } from '../../memory/segment-layout.js';
import { checkId, isVectorId } from '../../vectors/vector-id.js';
import type { ComponentOrder } from '../../vectors/vector-source.js';
import { isFloat32Array, refuseDetached } from '../../vectors/vector-source.js';
import type { FormatWriter, RowShape, RowsToWrite, VectorEncoder } from '../format.js';
import { formatOf, formatsFor, type VectorFormat } from '../registry.js';
import type { IdentifiedMatrix, RowChunk } from '../row-chunk.js';
import { type AtomicFile, abortAndThrow, createAtomicFile, createSpillFile, type SpillFile } from './atomic-file.js';
import { PreciseRows } from './precise-rows.js';

/** How numbers, one per row, are written. */
export interface ColumnWriterOptions {
  /** Default: by the file's extension. */
  readonly format?: VectorFormat | undefined;
  /** Rows that will be written, exactly. Needed only for .npy to a pipe or device; checked wherever it is given. */
  readonly count?: number | undefined;
}

/** How rows are written. */
export interface VectorWriterOptions extends ColumnWriterOptions {
  /** Components of each row. Default: those of the first matrix; needed for a file that may get no rows. */
  readonly dims?: number | undefined;
}

export interface IndexWriterOptions {
  readonly metric: 'cosine' | 'dot' | 'euclidean';
  /** Default `'original'`: sorted rows can be written, but no index loads them. */
  readonly order?: ComponentOrder | undefined;
  /** What the rows are written as: for cosine. Default: `'float32'`. */
  readonly precision?: Precision | undefined;
  /** Components of each row. Default: those of the first rows; needed for a file that may get no rows. */
  readonly dims?: number | undefined;
}

/** Rows as they come from a file or an indexer. An index needs the magnitudes, other files leave them out. */
type RowsWithMagnitudes = RowChunk & { readonly magnitudes?: Float32Array | undefined };

interface Writer<Rows> {
  /** Rows written so far. */
  readonly count: number;
  /** Appends rows; they may be changed again once the promise settles. */
  write(rows: Rows): Promise<void>;
  /** Completes the header and makes the file appear under its name. */
  finish(): Promise<void>;
  /** Removes what was written and leaves a file that was there before untouched. May be called at any time. */
  abort(): Promise<void>;
}

/**
 * Rows: matrices of the writer's dims (Float32Array, rows × dims), in any memory; rows of different lengths where the format
 * has them. Formats that have no ids leave them out; an index calls rows without one by their position.
 */
export type VectorWriter = Writer<RowsWithMagnitudes>;

/** Rows: one float32 for each. */
export type ColumnWriter = Writer<Float32Array>;

/**
 * Opens `file` for rows of `dims` float32 components. Rejects with `FileAccess`, as do the writer's methods, for
 * a path that cannot be written and a full disk (with the system's error as `cause`), and with `InvalidConfiguration` for rows of
 * other dims.
 */
export async function createVectorWriter(file: string, options: VectorWriterOptions = {}): Promise<VectorWriter> {
  const { dims } = options;
  if (dims !== undefined) requireCount('dims', dims, 1);
  const rows = await openRowFile(file, options, dims === undefined ? undefined : { kind: 'vectors', dims });
  return {
    get count() {
      return rows.count;
    },
    write: (given) => rows.writeChunk((length) => ({ kind: 'vectors', dims: length }), given),
    finish: () => rows.finish(),
    abort: () => rows.abort(),
  };
}

/** Opens `file` for one float32 per row: a 1-D .npy array. Errors are those of `createVectorWriter`. */
export async function createColumnWriter(file: string, options: ColumnWriterOptions = {}): Promise<ColumnWriter> {
  const shape: RowShape = { kind: 'column' };
  const rows = await openRowFile(file, options, shape);
  return {
    get count() {
      return rows.count;
    },
    write: (data) => rows.write(shape, { data, dims: 1 }),
    finish: () => rows.finish(),
    abort: () => rows.abort(),
  };
}

/**
 * Opens `file` for a saved index, the file that `VectorIndex` loads, whatever its name ends in. Errors are those of
 * `createVectorWriter`.
 */
export async function createIndexWriter(file: string, options: IndexWriterOptions): Promise<VectorWriter> {
  const { metric, order = 'original', precision = 'float32', dims } = options;
  if (dims !== undefined) requireCount('dims', dims, 1);
  const compactOf = (length: number) => (precision === 'float32' ? undefined : new PreciseRows(length, precision));
  const shapeOf = (length: number): RowShape => ({
    kind: 'index',
    dims: length,
    metric,
    order,
    compact: compactOf(length),
  });
  const rows = await openRowFile(file, { format: 'safetensors' }, dims === undefined ? undefined : shapeOf(dims));
  return {
    get count() {
      return rows.count;
    },
    write: (given) => rows.writeChunk(shapeOf, given),
    finish: () => rows.finish(),
    abort: () => rows.abort(),
  };
}

/**
 * Writes all chunks to `file`. When a chunk, its source or the disk fails, the source is closed, nothing half-written
 * remains and a file that was there before is untouched. Errors are those of `createVectorWriter`, and the source's own.
 *
 * @example
 * ```js
 * import { writeVectors } from 'simdex';
 *
 * async function* chunks() {
 *   yield { data: new Float32Array([1, 0, 3, 4]), dims: 2, ids: ['a', 'b'] };
 * }
 * await writeVectors('rows.jsonl', chunks());
 * ```
 */
export async function writeVectors(
  file: string,
  chunks: AsyncIterable<IdentifiedMatrix> | Iterable<IdentifiedMatrix>,
  options: VectorWriterOptions = {},
): Promise<void> {
  const writer = await createVectorWriter(file, options);
  try {
    for await (const matrix of chunks) await writer.write(matrix);
    await writer.finish();
  } catch (error) {
    await abortAndThrow(writer, error);
  }
}

async function openRowFile(file: string, options: ColumnWriterOptions, shape: RowShape | undefined): Promise<RowFile> {
  if (typeof file !== 'string' || file === '') throw invalidConfiguration('file', 'a path', file);
  const { count } = options;
  if (count !== undefined) requireCount('count', count, 0);
  const { name, format } = formatOf(file, options.format);
  const { writer } = format;
  if (!writer) {
    const written = formatsFor({ kind: 'vectors', dims: 1 }).join(', .');
    throw refusal(file, `.${name} is only read; name a file that ends in .${written}`);
  }
  // Before the file is opened, so that a shape the format cannot hold leaves nothing to clean up.
  const encoding = shape && { shape, encoder: writer.createEncoder(shape, file) };
  const out = await createAtomicFile(file);
  if (
    !out.seekable &&
    (writer.headerHolds === 'all sizes' || (writer.headerHolds === 'count' && count === undefined))
  ) {
    await out.abort();
    const remedy = writer.headerHolds === 'count' ? 'give count' : 'name a file';
    throw refusal(file, `a .${name} header needs the count of rows first, and this is a pipe or device: ${remedy}`);
  }
  return new RowFile(out, count, encoding, writer);
}

interface Encoding {
  readonly shape: RowShape;
  readonly encoder: VectorEncoder;
}

class RowFile {
  count = 0;
  readonly #out: AtomicFile;
  readonly #expectedCount: number | undefined;
  readonly #writer: FormatWriter;
  #encoding: Encoding | undefined;
  #headerBytes: number | undefined;
  /** What will stand behind the rows, column by column. */
  readonly #columns: SpillFile[] = [];
  #busy = false;

  constructor(
    out: AtomicFile,
    expectedCount: number | undefined,
    encoding: Encoding | undefined,
    writer: FormatWriter,
  ) {
    this.#out = out;
    this.#expectedCount = expectedCount;
    this.#encoding = encoding;
    this.#writer = writer;
  }

  write(shape: RowShape, given: Omit<RowsToWrite, 'count'>): Promise<void> {
    return this.#exclusively(async () => {
      const rows = { ...given, count: this.#checkedRows(shape, given) };
      this.#encoding ??= { shape, encoder: this.#writer.createEncoder(shape, this.#out.path) };
      const { encoder } = this.#encoding;
      await this.#writeHeader(encoder);
      for (const bytes of encoder.encode(rows)) await this.#out.append(bytes);
      for (const [index, encodeColumn] of (encoder.columns ?? []).entries()) {
        this.#columns[index] ??= await createSpillFile(this.#out.path);
        await this.#columns[index].append(encodeColumn(rows));
      }
      this.count += rows.count;
    });
  }

  writeChunk(shapeOf: (dims: number) => RowShape, given: RowsWithMagnitudes): Promise<void> {
    if ('data' in given) return this.write(shapeOf(given.dims), given);
    const lengths = given.rows.map((row) => row.length);
    const { ids, magnitudes } = given;
    const dims = lengths[0] ?? 0;
    if (dims > 0 && lengths.every((length) => length === dims))
      return this.write(shapeOf(dims), { data: joined(given.rows), dims, ids, magnitudes });
    return this.write(shapeOf(0), { data: joined(given.rows), dims: 0, lengths, ids, magnitudes });
  }

  finish(): Promise<void> {
    return this.#exclusively(async () => {
      if (this.#expectedCount !== undefined && this.#expectedCount !== this.count)
        throw refusal(this.#out.path, `expected ${this.#expectedCount} rows, as count says, got ${this.count}`);
      // A file of rows alone is empty without rows; headers say how long rows are.
      if (this.#encoding === undefined && this.#writer.headerHolds !== 'nothing')
        throw refusal(this.#out.path, 'no rows were written; give dims for a file without rows');
      if (this.#encoding) await this.#writeHeader(this.#encoding.encoder);
      for (const column of this.#columns) {
        for await (const piece of column.pieces()) await this.#out.append(piece);
        await column.remove();
      }
      if (this.#encoding && this.#headerBytes !== 0 && this.#out.seekable)
        await this.#out.overwrite(this.#encoding.encoder.header(this.count), 0);
      await this.#out.finish();
    });
  }

  async abort(): Promise<void> {
    await Promise.all([this.#out.abort(), ...this.#columns.map((column) => column.remove())]);
  }

  async #writeHeader(encoder: VectorEncoder): Promise<void> {
    if (this.#headerBytes !== undefined) return;
    const header = encoder.header(this.#expectedCount ?? 0);
    this.#headerBytes = header.length;
    await this.#out.append(header);
  }

  #checkedRows(shape: RowShape, { data, lengths, magnitudes, ids }: Omit<RowsToWrite, 'count'>): number {
    const file = this.#out.path;
    if (!isFloat32Array(data)) throw invalidConfiguration('data', 'a Float32Array', data);
    if (data.length === 0) refuseDetached('data', data);
    for (const [i, id] of ids?.entries() ?? []) if (!isVectorId(id)) checkId(`ids[${i}]`, id);
    if (!this.#writer.ragged) this.#requireOneLength(shape, lengths);
    const dims = shape.kind === 'column' ? 1 : shape.dims;
    if (lengths === undefined) requireCount('dims', dims, 1);
    if (lengths === undefined && data.length % dims !== 0)
      throw refusal(file, `expected whole rows of ${dims} components, got ${data.length} numbers at row ${this.count}`);
    const rows = lengths?.length ?? data.length / dims;
    if (ids !== undefined && ids.length !== rows)
      throw refusal(file, `expected an id for each of ${rows} rows, got ${ids.length} at row ${this.count}`);
    if (shape.kind === 'index' && magnitudes?.length !== rows)
      throw refusal(file, `expected ${rows} magnitudes, got ${magnitudes?.length ?? 'none'} at row ${this.count}`);
    if (this.#expectedCount !== undefined && this.count + rows > this.#expectedCount)
      throw refusal(file, `expected ${this.#expectedCount} rows, as count says, got ${this.count + rows}`);
    return rows;
  }

  #requireOneLength(shape: RowShape, lengths: readonly number[] | undefined): void {
    if (shape.kind === 'column') return;
    const given = this.#encoding?.shape;
    const expected = given && given.kind !== 'column' ? given.dims : (lengths?.[0] ?? shape.dims);
    const row = lengths?.findIndex((length) => length !== expected) ?? (shape.dims === expected ? -1 : 0);
    if (row === -1) return;
    const found = `got ${lengths?.[row] ?? shape.dims} at row ${this.count + row}`;
    throw refusal(
      this.#out.path,
      `expected rows of ${expected} components, ${found}; rows of different lengths go out only as .jsonl`,
    );
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#busy) throw refusal(this.#out.path, 'a call is still under way; wait for its promise');
    this.#busy = true;
    try {
      await work();
    } catch (error) {
      await abortAndThrow(this, error);
    } finally {
      this.#busy = false;
    }
  }
}

function joined(rows: readonly Float32Array[]): Float32Array {
  const data = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    data.set(row, at);
    at += row.length;
  }
  return data;
}

function refusal(file: string, sentence: string): IndexingError {
  return new IndexingError('InvalidConfiguration', `cannot write ${file}: ${sentence}`);
}

function requireCount(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw invalidConfiguration(name, least === 0 ? 'a non-negative integer' : 'a positive integer', value);
}
