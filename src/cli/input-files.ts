/**
 * The files of a command line as one sequence of rows, or a range of these rows. Rows keep their numbers in the whole
 * sequence. All files are opened, and their headers checked, before any row is read. Only a few stay open at a time.
 */
import { IndexingError, type RowRange } from '../base/errors.js';
import { sliceRows } from '../formats/cut-rows.js';
import type { HttpOptions } from '../formats/node/http-ranges.js';
import type { VectorFormat } from '../formats/registry.js';
import { countOf, type RowChunk } from '../formats/row-chunk.js';
import { ChunkMemories } from '../formats/row-chunks.js';
import type { AllocatedMatrix } from '../indexing/allocations.js';
import type { SourceFile } from '../parts/part-manifest.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { VectorMatrix, VectorSource } from '../vectors/vector-source.js';
import { UsageError } from './exit.js';
import { InputFile } from './input-file.js';

export interface InputOptions {
  readonly format?: VectorFormat;
  readonly dims?: number;
  readonly column?: string;
  readonly header?: boolean;
  /** Range of the rows that are read. Default: all. */
  readonly rows?: RowSpan;
  /** Options for reading URLs. */
  readonly http?: HttpOptions;
}

/** Rows `first` (included) to `last` (excluded) of all files together; without `last`, to the end. */
export interface RowSpan {
  readonly first: number;
  readonly last: number | undefined;
}

/** What a chunk says beside its components. */
export interface ChunkNotes {
  readonly ids: readonly VectorId[] | undefined;
  /** Components of each row, for rows that make no matrix. */
  readonly lengths: readonly number[] | undefined;
}

/** Files that stay open from the first look at their headers on, so that a few are not opened twice. */
const MOST_OPEN = 16;

export class InputFiles implements AsyncDisposable {
  readonly files: readonly InputFile[];
  /** Number of rows that are wanted; undefined where only reading them tells. */
  readonly count: number | undefined;
  /** The number of the first row that is wanted. */
  readonly firstRow: number;
  /** Behind the last row that is wanted; infinite where that is the end. */
  readonly #lastRow: number;
  /** Number of rows of all files together, wanted or not; undefined while it is not known. */
  #total: number | undefined;
  /** Which rows of which file the matrices hold that are overwritten. */
  readonly #places = new WeakMap<VectorMatrix, { readonly file: InputFile; readonly first: number }>();
  /** First row of every file that was begun. */
  readonly #begun: { readonly file: InputFile; readonly firstRow: number }[] = [];
  readonly #notes: ChunkNotes[] = [];
  /** The number of the next row. */
  #at = 0;
  /** Whether no row of the files begun is unread behind the last that is wanted, as far as their headers do not say how many there are. */
  #isReadToEnd = true;
  #rowsRead = 0;
  #dims: number | 'ragged' | undefined;

  static async open(paths: readonly string[], options: InputOptions): Promise<InputFiles> {
    const { format, dims, column, header, rows = { first: 0, last: undefined }, http } = options;
    const files: InputFile[] = [];
    try {
      for (const path of paths)
        files.push(await InputFile.open(path, { format, dims, column, header }, files.length < MOST_OPEN, http));
      return new InputFiles(files, rows);
    } catch (error) {
      for (const file of files) await file.close();
      throw error;
    }
  }

  private constructor(files: readonly InputFile[], { first, last }: RowSpan) {
    this.files = files;
    this.#total = totalOf(files);
    this.firstRow = first;
    this.#lastRow = last ?? Number.POSITIVE_INFINITY;
    if (this.#total !== undefined) this.#checkEnd(this.#total);
    const end = last ?? this.#total;
    this.count = end === undefined ? undefined : end - first;
    for (const { header } of files) this.#observe(header.dims);
  }

  /** Components of every row, as far as headers and the rows read tell; undefined where they do not yet. */
  get dims(): number | 'ragged' | undefined {
    return this.#dims;
  }

  /** Rows of all files together, those that are not wanted too; undefined where nobody has read to the end. */
  get total(): number | undefined {
    return this.#total;
  }

  /** Facts that tell whether the files are the same another time. */
  get sources(): SourceFile[] {
    return this.files.map(({ header: { file, byteLength, version } }) => {
      return { file, byteLength: Number.isFinite(byteLength) ? byteLength : undefined, version };
    });
  }

  /** Bytes of all files; of a pipe, or where only some rows are wanted, those that were read so far. */
  get byteLength(): number {
    if (this.firstRow > 0 || this.#lastRow !== Number.POSITIVE_INFINITY)
      return this.files.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    return this.files.reduce((sum, { header, bytesRead }) => sum + bytesOf(header, bytesRead), 0);
  }

  /** Rows that were read so far. */
  get rowsRead(): number {
    return this.#rowsRead;
  }

  /** Rows that are wanted: exactly where that is known, else judged by the bytes that those read so far took. */
  get estimatedCount(): number {
    if (this.count !== undefined) return this.count;
    const bytesRead = this.files.reduce((sum, file) => sum + file.bytesRead, 0);
    if (bytesRead === 0) return 0;
    const bytes = this.files.reduce((sum, { header, bytesRead: read }) => sum + bytesOf(header, read), 0);
    return Math.max(this.#rowsRead, Math.round((this.#at * bytes) / bytesRead) - this.firstRow);
  }

  /** Whether every chunk can be a matrix that is overwritten: then all rows can be read again, at known places. */
  get areReadable(): boolean {
    return this.files.every(({ isReadable }) => isReadable);
  }

  /** The rows of all files as matrices from `allocate`, for a stream that indexes them in place. */
  async *matrices(allocate: (count: number, dims: number) => AllocatedMatrix): AsyncGenerator<AllocatedMatrix> {
    const allocated = new Map<ArrayBufferLike, AllocatedMatrix>();
    const memories = new ChunkMemories((rows, dims) => {
      const matrix = allocate(rows, dims);
      allocated.set(matrix.data.buffer, matrix);
      return matrix.data;
    });
    for (const file of this.files) {
      const firstRow = this.#at;
      for await (const chunk of this.#chunksOf(file, memories)) {
        if (!('data' in chunk)) throw new Error(`rows of one length were expected of ${file.header.file}`);
        this.#note(chunk);
        const matrix = allocated.get(chunk.data.buffer)!;
        allocated.delete(chunk.data.buffer);
        this.#places.set(matrix, { file, first: this.#at - firstRow - matrix.count });
        yield matrix;
      }
    }
    this.#end();
  }

  /** Reads some rows of one of the matrices again. */
  async restore({ first, last }: RowRange, matrix: VectorMatrix): Promise<void> {
    const { dims } = matrix;
    const { file, first: place } = this.#places.get(matrix)!;
    await file.readRows(matrix.data.subarray(first * dims, last * dims), place + first);
  }

  /** The rows of all files. A chunk is valid until the next but one is asked for, as an IndexingStream needs it. */
  async *chunks(): AsyncGenerator<VectorSource> {
    const memories = new ChunkMemories();
    let previous: RowChunk | undefined;
    for (const file of this.files) {
      for await (const chunk of this.#chunksOf(file, memories)) {
        this.#note(chunk);
        yield 'rows' in chunk ? chunk.rows : chunk;
        if (previous) memories.recycleChunk(previous);
        previous = chunk;
      }
    }
    this.#end();
  }

  /** The rows of a file that are wanted; those before them are not even decoded where the format tells where rows lie. */
  async *#chunksOf(file: InputFile, memories: ChunkMemories): AsyncGenerator<RowChunk> {
    const firstRow = this.#at;
    const { count } = file.header;
    const [first, last] = [this.firstRow - firstRow, this.#lastRow - firstRow];
    this.#begun.push({ file, firstRow });
    if (last <= 0 || (count !== undefined && count <= first)) {
      if (count === undefined) this.#isReadToEnd = false;
      this.#at += count ?? 0;
      return file.close();
    }
    const vectors = await file.vectors();
    const skipped = vectors.takesRows ? Math.max(0, first) : 0;
    const chunks = vectors.takesRows
      ? vectors.chunks(memories, { first: skipped, last: Math.min(last, count!) })
      : vectors.chunks(memories);
    this.#at += skipped;
    let end = skipped;
    for await (const chunk of chunks) {
      const begin = end;
      end += countOf(chunk);
      this.#at = firstRow + Math.min(end, last);
      if (end <= first) memories.recycleChunk(chunk);
      else if (begin < last) yield sliceRows(chunk, Math.max(0, first - begin), Math.min(end, last) - begin);
      // Where nobody told the count, the chunk behind the last row tells whether there are more.
      if (end > last || (end === last && count !== undefined)) break;
    }
    if (count !== undefined) this.#at = firstRow + count;
    else if (end > last) this.#isReadToEnd = false;
    await file.close();
  }

  /** All that is wanted was read. Files that end before it are refused only now where only reading them told. */
  #end(): void {
    if (!this.#isReadToEnd) return;
    this.#total ??= this.#at;
    this.#checkEnd(this.#total);
  }

  #checkEnd(total: number): void {
    const last = this.#lastRow === Number.POSITIVE_INFINITY ? this.firstRow : this.#lastRow;
    if (last <= total) return;
    const span = `${this.firstRow}..${this.#lastRow === Number.POSITIVE_INFINITY ? '' : this.#lastRow}`;
    throw new UsageError(`--rows ${span}: the input has ${total} rows, counted from 0`);
  }

  /** Facts about the chunks, one by one in their order. */
  takeNotes(): ChunkNotes {
    return this.#notes.shift()!;
  }

  /** Which row of which file a row is, of all that were read. */
  nameOf(row: number): string {
    const place = this.#begun.findLast(({ firstRow }) => firstRow <= row)!;
    return `row ${row - place.firstRow} of ${place.file.header.file}`;
  }

  /** Says of an error about a vector which row of which file it is. */
  locate(error: unknown): unknown {
    if (!(error instanceof IndexingError) || error.vectorIndex === undefined || this.#begun.length === 0) return error;
    const { code } = error;
    const vectorIndex = this.firstRow + error.vectorIndex;
    const detail = `${this.nameOf(vectorIndex)}; --on-invalid skip leaves such rows out`;
    return new IndexingError(code, detail, { vectorIndex, cause: error });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.files) await file.close();
  }

  #note(chunk: RowChunk): void {
    const lengths = 'rows' in chunk ? chunk.rows.map((row) => row.length) : undefined;
    // A row without components is rejected, and says nothing about the others.
    for (const length of lengths ?? []) if (length > 0) this.#observe(length);
    if ('data' in chunk) this.#observe(chunk.dims);
    this.#rowsRead += countOf(chunk);
    this.#notes.push({ ids: chunk.ids, lengths });
  }

  #observe(dims: number | 'ragged' | undefined): void {
    if (dims === undefined) return;
    this.#dims = this.#dims === undefined || this.#dims === dims ? dims : 'ragged';
  }
}

/** Rows of all files together; undefined where only reading them tells. */
function totalOf(files: readonly InputFile[]): number | undefined {
  let total = 0;
  for (const { header } of files) {
    if (header.count === undefined) return undefined;
    total += header.count;
  }
  return total;
}

function bytesOf({ byteLength }: { readonly byteLength: number }, bytesRead: number): number {
  return byteLength === Number.POSITIVE_INFINITY ? bytesRead : byteLength;
}
