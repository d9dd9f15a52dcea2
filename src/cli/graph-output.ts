/**
 * The graph of an index that is written: the rows go to a file of their own beside it first, then an index with its graph is built from them
 * and saved under its name. Nothing else appears under that name.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VectorIndex } from '../index.node.js';
import type { GraphFigures } from '../reporting/report-data.js';

export interface GraphBuildOptions {
  readonly threads: number | 'auto';
  readonly signal: AbortSignal;
  /** Called several times a second with how many rows are in the graph, and how many there are. */
  readonly onProgress: (processed: number, total: number) => void;
}

/** Hits of the searches that are told. */
const K = 10;
/** Exact searches that are timed: so many, or as long. */
const MOST_EXACT = 32;
const MOST_EXACT_MS = 1000;

export class GraphOutput implements AsyncDisposable {
  /** Where the rows are to be written. */
  readonly rowsFile: string;
  readonly #out: string;
  /** Rows to search for. */
  readonly #queries: Float32Array[] = [];
  #index: VectorIndex | undefined;

  constructor(out: string) {
    this.#out = out;
    const name = `.${basename(out)}.${randomBytes(6).toString('hex')}.rows.safetensors`;
    this.rowsFile = join(dirname(out), name);
  }

  /** Rows that were written; some are searched for later. */
  note(rows: Iterable<{ readonly normalized: Float32Array }>): void {
    for (const { normalized } of rows) {
      if (this.#queries.length >= MOST_EXACT) return;
      this.#queries.push(normalized.slice());
    }
  }

  /** Builds the graph over the rows that are in `rowsFile` by now, and measures it. */
  async build({ threads, signal, onProgress }: GraphBuildOptions): Promise<GraphFigures> {
    const index = await VectorIndex.load(this.rowsFile, { threadCount: threads, signal });
    this.#index = index;
    await index.ready();
    const startedAtMs = performance.now();
    await index.buildGraph({ signal, onProgress: ({ processed, total }) => onProgress(processed, total) });
    const buildMs = performance.now() - startedAtMs;
    const { rows, degree, effort, bytes, calibration } = index.graph!;
    const curve = calibration
      .filter(({ k }) => k === K)
      .map(({ effort, recall, meanMs }) => ({ effort, recall, queriesPerSecond: 1000 / meanMs }));
    const exactQueriesPerSecond = await this.#timeExact(index, signal);
    return { rows, degree, effort, bytes, buildMs, k: K, curve, exactQueriesPerSecond };
  }

  async #timeExact(index: VectorIndex, signal: AbortSignal): Promise<number> {
    // The first search makes what the others find ready.
    for (const query of this.#queries.slice(0, 1)) await index.search(query, K, { exact: true, signal });
    const startedAtMs = performance.now();
    let count = 0;
    for (const query of this.#queries) {
      if (performance.now() - startedAtMs > MOST_EXACT_MS) break;
      await index.search(query, K, { exact: true, signal });
      count++;
    }
    return (1000 * count) / (performance.now() - startedAtMs);
  }

  /** Makes the index appear under its name. */
  async save(): Promise<void> {
    await this.#index?.save(this.#out);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#index?.dispose();
    await rm(this.rowsFile, { force: true });
  }
}
