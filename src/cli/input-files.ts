/**
 * The files of a command line as one sequence of rows. All are opened, and their headers checked, before any row is read; only a few
 * stay open at a time.
 */
import { IndexingError, type RowRange } from '../base/errors.js';
import type { VectorFormat } from '../formats/registry.js';
import { countOf, type RowChunk } from '../formats/row-chunk.js';
import { ChunkMemories } from '../formats/row-chunks.js';
import type { AllocatedMatrix } from '../indexing/allocations.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { VectorMatrix } from '../vectors/vector-matrix.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { InputFile } from './input-file.js';

export interface InputOptions {
  readonly format?: VectorFormat;
  readonly dims?: number;
  readonly column?: string;
  readonly header?: boolean;
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
  /** Rows of all files together; undefined where only reading them tells. */
  readonly count: number | undefined;
  /** Which rows of which file the matrices hold that are overwritten. */
  readonly #places = new WeakMap<VectorMatrix, { readonly file: InputFile; readonly first: number }>();
  /** First row of every file that was begun. */
  readonly #begun: { readonly file: InputFile; readonly firstRow: number }[] = [];
  readonly #notes: ChunkNotes[] = [];
  #rowsRead = 0;
  #dims: number | 'ragged' | undefined;

  static async open(paths: readonly string[], { format, dims, column, header }: InputOptions): Promise<InputFiles> {
    const files: InputFile[] = [];
    try {
      for (const path of paths)
        files.push(await InputFile.open(path, { format, dims, column, header }, files.length < MOST_OPEN));
    } catch (error) {
      for (const file of files) await file.close();
      throw error;
    }
    return new InputFiles(files);
  }

  private constructor(files: readonly InputFile[]) {
    this.files = files;
    const counts = files.map(({ header }) => header.count);
    this.count = counts.some((count) => count === undefined) ? undefined : counts.reduce<number>((a, b) => a + b!, 0);
    for (const { header } of files) this.#observe(header.dims);
  }

  /** Components of every row, as far as headers and the rows read tell; undefined where they do not yet. */
  get dims(): number | 'ragged' | undefined {
    return this.#dims;
  }

  /** Bytes of all files; of a pipe, those that came so far. */
  get byteLength(): number {
    return this.files.reduce((sum, { header, bytesRead }) => sum + bytesOf(header, bytesRead), 0);
  }

  /** Rows that were read so far. */
  get rowsRead(): number {
    return this.#rowsRead;
  }

  /** Rows of all files together: exactly where that is known, else judged by the bytes that those read so far took. */
  get estimatedCount(): number {
    if (this.count !== undefined) return this.count;
    const bytesRead = this.files.reduce((sum, file) => sum + file.bytesRead, 0);
    return bytesRead === 0 ? 0 : Math.max(this.#rowsRead, Math.round((this.#rowsRead * this.byteLength) / bytesRead));
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
      let first = 0;
      this.#begun.push({ file, firstRow: this.#rowsRead });
      for await (const chunk of (await file.vectors()).chunks(memories)) {
        if (!('data' in chunk)) throw new Error(`rows of one length were expected of ${file.header.file}`);
        this.#note(chunk);
        const matrix = allocated.get(chunk.data.buffer)!;
        allocated.delete(chunk.data.buffer);
        this.#places.set(matrix, { file, first });
        first += matrix.count;
        yield matrix;
      }
      await file.close();
    }
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
      this.#begun.push({ file, firstRow: this.#rowsRead });
      for await (const chunk of (await file.vectors()).chunks(memories)) {
        this.#note(chunk);
        yield 'rows' in chunk ? chunk.rows : chunk;
        if (previous) memories.recycleChunk(previous);
        previous = chunk;
      }
      await file.close();
    }
  }

  /** What there is to say of the chunks, one by one in their order. */
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
    const { code, vectorIndex } = error;
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

function bytesOf({ byteLength }: { readonly byteLength: number }, bytesRead: number): number {
  return byteLength === Number.POSITIVE_INFINITY ? bytesRead : byteLength;
}
