/**
 * Vectors, or a column of numbers, to a file that appears whole or not at all (`createAtomicFile`). A writer belongs to its
 * creator, who calls `finish()` or `abort()`; any error aborts it. One call at a time: overlapping writes are refused.
 */
import { IndexingError, invalidConfiguration } from '../../errors.js';
import type { VectorMatrix } from '../../vectors/vector-matrix.js';
import type { RowShape, VectorEncoder } from '../format.js';
import { formatOf, type VectorFormat } from '../registry.js';
import { type AtomicFile, abortAndThrow, createAtomicFile } from './atomic-file.js';

export interface ColumnWriterOptions {
  /** Default: by the file's extension. */
  readonly format?: VectorFormat | undefined;
  /** Rows that will be written, exactly. Needed only for .npy to a pipe or device; checked wherever it is given. */
  readonly count?: number | undefined;
}

export interface VectorWriterOptions extends ColumnWriterOptions {
  /** Components of each row. Default: those of the first matrix; needed for a file that may get no rows. */
  readonly dims?: number | undefined;
}

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

/** Rows: matrices of the writer's dims (Float32Array, rows × dims), in any memory. */
export type VectorWriter = Writer<VectorMatrix>;

/** Rows: one float32 for each. */
export type ColumnWriter = Writer<Float32Array>;

/**
 * Opens `file` for rows of `dims` float32 components. Rejects with `InvalidConfiguration`, as do the writer's methods, for
 * a path that cannot be written (with the system's error as `cause`), a full disk, and rows of other dims.
 */
export async function createVectorWriter(file: string, options: VectorWriterOptions = {}): Promise<VectorWriter> {
  const { dims } = options;
  if (dims !== undefined) requireCount('dims', dims, 1);
  const rows = await openRowFile(file, options, dims === undefined ? undefined : { kind: 'vectors', dims });
  return {
    get count() {
      return rows.count;
    },
    write: (matrix) => rows.write({ kind: 'vectors', dims: matrix.dims }, matrix.data),
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
    write: (values) => rows.write(shape, values),
    finish: () => rows.finish(),
    abort: () => rows.abort(),
  };
}

/**
 * Writes all chunks to `file`. When a chunk, its source or the disk fails, the source is closed, nothing half-written
 * remains and a file that was there before is untouched. Errors are those of `createVectorWriter`, and the source's own.
 */
export async function writeVectors(
  file: string,
  chunks: AsyncIterable<VectorMatrix> | Iterable<VectorMatrix>,
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
  const createEncoding = (given: RowShape) => ({ shape: given, encoder: format.createEncoder(given, file) });
  // Before the file is opened, so that a shape the format cannot hold leaves nothing to clean up.
  const encoding = shape && createEncoding(shape);
  const out = await createAtomicFile(file);
  if (format.countInHeader && count === undefined && !out.seekable) {
    await out.abort();
    throw refusal(file, `a .${name} header needs the count of rows first, and this is a pipe or device: give count`);
  }
  return new RowFile(out, count, encoding, createEncoding);
}

interface Encoding {
  readonly shape: RowShape;
  readonly encoder: VectorEncoder;
}

class RowFile {
  count = 0;
  readonly #out: AtomicFile;
  readonly #expectedCount: number | undefined;
  readonly #createEncoding: (shape: RowShape) => Encoding;
  #encoding: Encoding | undefined;
  #headerBytes: number | undefined;
  #busy = false;

  constructor(
    out: AtomicFile,
    expectedCount: number | undefined,
    encoding: Encoding | undefined,
    createEncoding: (shape: RowShape) => Encoding,
  ) {
    this.#out = out;
    this.#expectedCount = expectedCount;
    this.#encoding = encoding;
    this.#createEncoding = createEncoding;
  }

  write(shape: RowShape, data: Float32Array): Promise<void> {
    return this.#exclusively(async () => {
      const rows = this.#checkedRows(shape, data);
      this.#encoding ??= this.#createEncoding(shape);
      const { encoder } = this.#encoding;
      await this.#writeHeader(encoder);
      for (const bytes of encoder.encode(data)) await this.#out.append(bytes);
      this.count += rows;
    });
  }

  finish(): Promise<void> {
    return this.#exclusively(async () => {
      if (this.#expectedCount !== undefined && this.#expectedCount !== this.count)
        throw refusal(this.#out.path, `expected ${this.#expectedCount} rows, as count says, got ${this.count}`);
      if (this.#encoding === undefined)
        throw refusal(this.#out.path, 'no rows were written; give dims for a file without rows');
      const { encoder } = this.#encoding;
      await this.#writeHeader(encoder);
      if (this.#headerBytes !== 0 && this.#expectedCount === undefined)
        await this.#out.overwrite(encoder.header(this.count), 0);
      await this.#out.finish();
    });
  }

  abort(): Promise<void> {
    return this.#out.abort();
  }

  async #writeHeader(encoder: VectorEncoder): Promise<void> {
    if (this.#headerBytes !== undefined) return;
    const header = encoder.header(this.#expectedCount ?? 0);
    this.#headerBytes = header.length;
    await this.#out.append(header);
  }

  #checkedRows(shape: RowShape, data: Float32Array): number {
    const file = this.#out.path;
    const dims = shape.kind === 'vectors' ? shape.dims : 1;
    requireCount('dims', dims, 1);
    const expected = this.#encoding?.shape;
    if (expected?.kind === 'vectors' && expected.dims !== dims)
      throw refusal(file, `expected rows of ${expected.dims} components, got ${dims} at row ${this.count}`);
    if (data.length % dims !== 0)
      throw refusal(file, `expected whole rows of ${dims} components, got ${data.length} numbers at row ${this.count}`);
    const rows = data.length / dims;
    if (this.#expectedCount !== undefined && this.count + rows > this.#expectedCount)
      throw refusal(file, `expected ${this.#expectedCount} rows, as count says, got ${this.count + rows}`);
    return rows;
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#busy) throw refusal(this.#out.path, 'a call is still under way; wait for its promise');
    this.#busy = true;
    try {
      await work();
    } catch (error) {
      await abortAndThrow(this.#out, error);
    } finally {
      this.#busy = false;
    }
  }
}

function refusal(file: string, sentence: string): IndexingError {
  return new IndexingError('InvalidConfiguration', `cannot write ${file}: ${sentence}`);
}

function requireCount(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw invalidConfiguration(name, least === 0 ? 'a non-negative integer' : 'a positive integer', value);
}
