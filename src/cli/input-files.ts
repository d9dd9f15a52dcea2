/**
 * The files of a command line as one sequence of rows. All are opened, and their headers checked, before any row is read.
 */
import { IndexingError, type RowRange } from '../base/errors.js';
import { openVectors } from '../formats/node/read-vectors.js';
import type { VectorFormat } from '../formats/registry.js';
import type { RowChunk } from '../formats/row-chunk.js';
import { ChunkMemories } from '../formats/row-chunks.js';
import type { VectorFile } from '../formats/vector-file.js';
import type { AllocatedMatrix } from '../indexing/allocations.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { VectorMatrix } from '../vectors/vector-matrix.js';
import type { VectorSource } from '../vectors/vector-source.js';

export interface InputOptions {
  readonly format?: VectorFormat;
  readonly dims?: number;
}

/** What a chunk says beside its components. */
export interface ChunkNotes {
  readonly ids: readonly VectorId[] | undefined;
  /** Components of each row, for rows that make no matrix. */
  readonly lengths: readonly number[] | undefined;
}

export class InputFiles implements AsyncDisposable {
  readonly files: readonly VectorFile[];
  /** Rows of all files together; undefined where only reading them tells. */
  readonly count: number | undefined;
  /** Which rows of which file the matrices hold that are overwritten. */
  readonly #places = new WeakMap<VectorMatrix, { readonly file: VectorFile; readonly first: number }>();
  /** First row of every file that was begun. */
  readonly #begun: { readonly file: VectorFile; readonly firstRow: number }[] = [];
  readonly #notes: ChunkNotes[] = [];
  #rowsRead = 0;
  #dims: number | 'ragged' | undefined;

  static async open(paths: readonly string[], { format, dims }: InputOptions): Promise<InputFiles> {
    const files: VectorFile[] = [];
    try {
      for (const path of paths) files.push(await openVectors(path, { format, dims }));
    } catch (error) {
      for (const file of files) await file.close();
      throw error;
    }
    return new InputFiles(files);
  }

  private constructor(files: readonly VectorFile[]) {
    this.files = files;
    const counts = files.map(({ count }) => count);
    this.count = counts.some((count) => count === undefined) ? undefined : counts.reduce<number>((a, b) => a + b!, 0);
    for (const { dims } of files) this.#observe(dims);
  }

  /** Components of every row, as far as headers and the rows read tell; undefined where they do not yet. */
  get dims(): number | 'ragged' | undefined {
    return this.#dims;
  }

  get byteLength(): number {
    return this.files.reduce((sum, file) => sum + file.byteLength, 0);
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
    return this.files.every(({ createReader }) => createReader !== undefined);
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
      for await (const chunk of file.chunks(memories)) {
        if (!('data' in chunk)) throw new Error(`rows of one length were expected of ${file.file}`);
        this.#note(chunk);
        const matrix = allocated.get(chunk.data.buffer)!;
        allocated.delete(chunk.data.buffer);
        this.#places.set(matrix, { file, first });
        first += matrix.count;
        yield matrix;
      }
    }
  }

  /** Reads some rows of one of the matrices again. */
  async restore({ first, last }: RowRange, matrix: VectorMatrix): Promise<void> {
    const { dims } = matrix;
    const { file, first: place } = this.#places.get(matrix)!;
    await file.createReader!()(matrix.data.subarray(first * dims, last * dims), place + first);
  }

  /** The rows of all files. A chunk is valid until the next but one is asked for, as an IndexingStream needs it. */
  async *chunks(): AsyncGenerator<VectorSource> {
    const memories = new ChunkMemories();
    let previous: RowChunk | undefined;
    for (const file of this.files) {
      this.#begun.push({ file, firstRow: this.#rowsRead });
      for await (const chunk of file.chunks(memories)) {
        this.#note(chunk);
        yield 'rows' in chunk ? chunk.rows : chunk;
        if (previous) memories.recycleChunk(previous);
        previous = chunk;
      }
    }
  }

  /** What there is to say of the chunks, one by one in their order. */
  takeNotes(): ChunkNotes {
    return this.#notes.shift()!;
  }

  /** Says of an error about a vector which row of which file it is. */
  locate(error: unknown): unknown {
    if (!(error instanceof IndexingError) || error.vectorIndex === undefined) return error;
    const { code, vectorIndex } = error;
    const place = this.#begun.findLast(({ firstRow }) => firstRow <= vectorIndex);
    if (!place) return error;
    const detail = `row ${vectorIndex - place.firstRow} of ${place.file.file}; --on-invalid skip leaves such rows out`;
    return new IndexingError(code, detail, { vectorIndex, cause: error });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.files) await file.close();
  }

  #note(chunk: RowChunk): void {
    if ('rows' in chunk) {
      const lengths = chunk.rows.map((row) => row.length);
      for (const length of lengths) this.#observe(length);
      this.#rowsRead += lengths.length;
      this.#notes.push({ ids: chunk.ids, lengths });
    } else {
      this.#observe(chunk.dims);
      this.#rowsRead += chunk.data.length / chunk.dims;
      this.#notes.push({ ids: chunk.ids, lengths: undefined });
    }
  }

  #observe(dims: number | 'ragged' | undefined): void {
    if (dims === undefined) return;
    this.#dims = this.#dims === undefined || this.#dims === dims ? dims : 'ragged';
  }
}
