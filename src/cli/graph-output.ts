/**
 * Writes an index with a graph. First the rows go to a file of their own beside it. Then an index with its graph is built from
 * them and saved under its name. Nothing else appears under that name.
 */
import { type TemporaryPath, temporaryPath } from '../formats/node/atomic-file.js';
import { VectorIndex } from '../index.node.js';
import type { GraphFigures } from '../reporting/report-data.js';

export interface GraphBuildOptions {
  readonly threads: number | 'auto';
  readonly signal: AbortSignal;
  /** Called several times a second with how many rows are in the graph, and how many there are. */
  readonly onProgress: (processed: number, total: number) => void;
}

export class GraphOutput implements AsyncDisposable {
  readonly #out: string;
  readonly #rows: TemporaryPath;
  #index: VectorIndex | undefined;

  constructor(out: string) {
    this.#out = out;
    this.#rows = temporaryPath(out, '.safetensors');
  }

  /** Where the rows are to be written. */
  get rowsFile(): string {
    return this.#rows.path;
  }

  /** Builds the graph over the rows that are in `rowsFile` by now, and measures it. undefined where there are too few rows to measure. */
  async build({ threads, signal, onProgress }: GraphBuildOptions): Promise<GraphFigures | undefined> {
    const index = await VectorIndex.load(this.rowsFile, { threadCount: threads, signal });
    this.#index = index;
    await index.ready();
    const report = await index.buildGraph({
      signal,
      onProgress: ({ processed, total }) => onProgress(processed, total),
    });
    return report.graph;
  }

  /** Makes the index appear under its name. */
  async save(): Promise<void> {
    await this.#index?.save(this.#out);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#index?.dispose();
    await this.#rows.remove();
  }
}
