/**
 * What a VectorIndex is made of: its rows, their changes and its searches, on an engine.
 */
import type { EngineCore } from '../engine/engine-core.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { hasInt8Scan } from '../kernel/search/int8-bound.js';
import { bringVectors } from './arrivals.js';
import { Changes } from './changes.js';
import { ClearAway } from './clear-away.js';
import { Rows } from './rows.js';
import { moveKeptRows, type RowsScope } from './rows-job.js';
import { Searches } from './searches.js';

export interface IndexCoreOptions {
  readonly core: EngineCore;
  readonly metric: Metric;
  /** Components of each vector, where that is known before there is one. */
  readonly dims: number | undefined;
  /** Threads that a call uses at most. */
  readonly threads: number;
  readonly kernel: CompiledKernel;
  readonly searchKernel: CompiledKernel;
  /** How rows are scanned, as far as the kernel and their dims allow. */
  readonly scan: 'int8' | 'float32';
  /** Most bytes of a segment's memory; undefined for what WebAssembly allows. */
  readonly segmentBytes: number | undefined;
  /** Hears of threads that died. */
  readonly warn: (message: string) => void;
}

export class IndexCore {
  readonly changes: Changes;
  readonly #options: IndexCoreOptions;
  readonly #closing = new AbortController();
  #searches: Searches | undefined;

  constructor(options: IndexCoreOptions) {
    const { core, metric, dims } = options;
    this.#options = options;
    const closing = this.#closing.signal;
    const withMemory = <T>(work: () => T) => core.withMemory(work);
    const clearAway: ClearAway = new ClearAway({
      withMemory,
      inTurn: (change) => this.changes.inTurn(change),
      move: (kept, to) => moveKeptRows(core, this.scope(to.layout.dims), kept, to, closing),
      sharesMemory: core.sharesMemory,
      closing,
    });
    this.changes = new Changes({
      metric,
      dims,
      createRows: (dims) => this.#createRows(dims),
      bringIn: (rows, incoming, rooms, signal) =>
        bringVectors(core, this.scope(rows.dims), metric, incoming, rooms, signal),
      withMemory,
      onChanged: (rows) => clearAway.look(rows),
      closing,
    });
  }

  get metric(): Metric {
    return this.#options.metric;
  }

  get core(): EngineCore {
    return this.#options.core;
  }

  /** Aborted when the index is disposed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get rows(): Rows | undefined {
    return this.changes.rows;
  }

  /** The searches of `rows`. */
  searchesOf({ dims }: Rows): Searches {
    this.#searches ??= new Searches(this.core, { ...this.scope(dims), metric: this.metric }, this.closing);
    return this.#searches;
  }

  scope(dims: number): RowsScope {
    const { threads, kernel, searchKernel, warn } = this.#options;
    return { dims, threads, kernel, searchKernel, warn };
  }

  /** What waits and is under way rejects with `reason`. Resolves when no thread is at work on the rows any more. */
  async close(reason: unknown): Promise<void> {
    this.#closing.abort(reason);
    await Promise.all([this.changes.idle(), this.#searches?.idle()]);
    for (const { memory } of this.rows?.segments ?? []) {
      this.core.forgetMemory(memory.key);
      this.core.memories.discard(memory);
    }
  }

  #createRows(dims: number): Rows {
    const { core, threads, kernel, searchKernel, scan, segmentBytes } = this.#options;
    const int8 = scan === 'int8' && searchKernel.backend === 'simd' && hasInt8Scan(dims);
    return new Rows({
      shape: { dims, lanes: threads, int8 },
      kernels: { indexing: kernel, search: searchKernel },
      segmentBytes,
      core,
    });
  }
}
