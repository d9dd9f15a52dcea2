/**
 * The files of a command line as one sequence of rows. All are opened, and their headers checked, before any row is read.
 */
import { IndexingError } from '../errors.js';
import { openVectors, type VectorFile } from '../formats/node/read-vectors.js';
import type { VectorFormat } from '../formats/registry.js';
import { ChunkMemories } from '../formats/row-chunks.js';
import type { VectorMatrix } from '../vectors/vector-matrix.js';

export interface InputOptions {
  readonly format?: VectorFormat;
  readonly dims?: number;
}

export class InputFiles implements AsyncDisposable {
  readonly files: readonly VectorFile[];
  /** Rows of all files together. */
  readonly count: number;

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
    this.count = files.reduce((sum, file) => sum + file.count, 0);
  }

  /** Components of every row; undefined where the files differ. */
  get dims(): number | undefined {
    const dims = this.files[0]?.dims;
    return this.files.every((file) => file.dims === dims) ? dims : undefined;
  }

  get byteLength(): number {
    return this.files.reduce((sum, file) => sum + file.byteLength, 0);
  }

  /** The rows of all files. A chunk is valid until the next but one is asked for, as an IndexingStream needs it. */
  async *chunks(): AsyncGenerator<VectorMatrix> {
    const memories = new ChunkMemories();
    let previous: VectorMatrix | undefined;
    for (const file of this.files) {
      for await (const chunk of file.chunks(memories)) {
        yield chunk;
        if (previous) memories.recycle(previous);
        previous = chunk;
      }
    }
  }

  /** Says of an error about a vector which row of which file it is. */
  locate(error: unknown): unknown {
    if (!(error instanceof IndexingError) || error.vectorIndex === undefined) return error;
    let row = error.vectorIndex;
    for (const { file, count } of this.files) {
      if (row < count) {
        const { code, vectorIndex } = error;
        const detail = `row ${row} of ${file}; --on-invalid skip leaves such rows out`;
        return new IndexingError(code, detail, { vectorIndex, cause: error });
      }
      row -= count;
    }
    return error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.files) await file.close();
  }
}
