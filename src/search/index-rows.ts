/**
 * The rows of an index with their ids, and the changes to them: one after another, in call order, each published at once
 * and as a whole, or not at all.
 */
import { IndexingError } from '../base/errors.js';
import { TimeSlices } from '../base/time-slices.js';
import { ParallelIndexer } from '../indexing/parallel-indexer.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { hasInt8Scan } from '../kernel/search/int8-bound.js';
import { countVectors } from '../vectors/source-rows.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { addRows, dimsOf } from './add-rows.js';
import { type IdColumn, IdTable, idAt, type VectorIds } from './id-table.js';
import { type IndexToLoad, loadIds, loadRows } from './load-index.js';
import type { LoadOptions } from './options.js';
import { copyLiveRows, liveSpans, NO_ROWS, type RowState, RowStore, type StagedRows } from './row-store.js';

/** Rows and ids as they belong together; never changed. */
export interface IndexState {
  readonly rows: RowState;
  readonly ids: IdColumn;
}

export interface IndexRowsOptions {
  readonly metric: Metric;
  readonly threads: number;
  /** What indexes the rows. */
  readonly runner: Pick<LoadOptions, 'kernel' | 'worker' | 'logger'>;
  /** The search kernel. */
  readonly searchKernel: CompiledKernel;
  /** How rows are scanned, as far as the kernel and their dims allow. */
  readonly scan: NonNullable<LoadOptions['scan']>;
  /** Most bytes of a segment's memory; undefined for what WebAssembly allows. */
  readonly segmentBytes: number | undefined;
  /** Aborted when the index is disposed: changes that still wait then reject with its reason. */
  readonly closing: AbortSignal;
}

/** What an index is made of at first. */
export interface FirstRows {
  readonly chunks: AsyncIterable<VectorSource> | Iterable<VectorSource>;
  readonly ids: VectorIds | undefined;
  readonly signal: AbortSignal | undefined;
  /** Called with the vectors added so far. */
  readonly onProgress: (processed: number) => void;
}

/** Removed rows are cleared away once they are more than those that are left, and this many. */
const LEAST_REMOVED = 256;

export class IndexRows {
  readonly #options: IndexRowsOptions;
  readonly #ids = new IdTable();
  #store: RowStore | undefined;
  /** Resolves when the last change asked for so far is done or failed. */
  #changes: Promise<void> = Promise.resolve();

  constructor(options: IndexRowsOptions) {
    this.#options = options;
  }

  get state(): IndexState {
    return { rows: this.#store?.state ?? NO_ROWS, ids: this.#ids.column };
  }

  /** 0 as long as there was no vector. */
  get dims(): number {
    return this.#store?.dims ?? 0;
  }

  has(id: VectorId): boolean {
    return this.#ids.slotOf(id) !== undefined;
  }

  /** For a new index. */
  async build({ chunks, ids, signal, onProgress }: FirstRows): Promise<void> {
    let processed = 0;
    let staged: StagedRows | undefined;
    const onAdded = (count: number) => {
      processed += count;
      onProgress(processed);
    };
    await this.#withIndexer(async (indexer) => {
      for await (const vectors of chunks) {
        signal?.throwIfAborted();
        const dims = dimsOf(vectors);
        if (dims === undefined) continue;
        this.#store ??= this.#createStore(dims);
        staged ??= this.#store.stage();
        await addRows(indexer, staged, {
          ...this.#target(this.#store),
          vectors,
          firstPosition: processed,
          signal,
          onAdded,
        });
      }
    });
    this.#ids.add(await this.#ids.newIds(ids, processed, new TimeSlices(signal)));
    if (staged) this.#store?.publish(staged.state);
  }

  /** For a new index. */
  async load(index: IndexToLoad): Promise<void> {
    const { dims } = index.places;
    if (dims === 0) return;
    const store = this.#createStore(dims);
    const staged = store.stage();
    const rejected = await loadRows(index, staged);
    await loadIds(index, this.#ids);
    this.#publish(store, staged);
    await this.remove(rejected.map((slot) => idAt(this.#ids.column, slot)));
  }

  add(vectors: VectorSource, ids: VectorIds | undefined): Promise<void> {
    return this.#change(async () => {
      const fresh = await this.#ids.newIds(ids, countVectors(vectors), new TimeSlices());
      const next = await this.#stage(vectors);
      if (!next) return;
      this.#ids.add(fresh);
      this.#publish(next.store, next.staged);
    });
  }

  upsert(vectors: VectorSource, ids: VectorIds): Promise<void> {
    return this.#change(async () => {
      const checked = await this.#ids.checkIds(ids, countVectors(vectors), new TimeSlices());
      const next = await this.#stage(vectors);
      if (!next) return;
      next.staged.remove(this.#slotsOf(checked));
      this.#ids.add(checked);
      this.#publish(next.store, next.staged);
      await this.#clearAway(next.store);
    });
  }

  /** Resolves with the number of rows removed. */
  remove(ids: VectorIds): Promise<number> {
    return this.#change(async () => {
      const there = [...new Set(Array.from(ids))].filter((id) => this.has(id));
      if (!this.#store || there.length === 0) return 0;
      const staged = this.#store.stage();
      staged.remove(this.#slotsOf(there));
      this.#ids.remove(there);
      this.#publish(this.#store, staged);
      await this.#clearAway(this.#store);
      return there.length;
    });
  }

  /** Lets go of all rows, once changes under way are done. */
  async dispose(): Promise<void> {
    await this.#changes;
    this.#store = undefined;
  }

  #change<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(() => {
      this.#options.closing.throwIfAborted();
      return change();
    });
    this.#changes = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  /** The next state, with vectors behind the rows that are there; undefined where there are none. */
  async #stage(vectors: VectorSource): Promise<{ store: RowStore; staged: StagedRows } | undefined> {
    const dims = dimsOf(vectors);
    if (dims === undefined) return undefined;
    const store = this.#store ?? this.#createStore(dims);
    const staged = store.stage();
    const signal = this.#options.closing;
    const input = { ...this.#target(store), vectors, firstPosition: 0, signal, onAdded: () => undefined };
    await this.#withIndexer((indexer) => addRows(indexer, staged, input));
    return { store, staged };
  }

  #publish(store: RowStore, staged: StagedRows): void {
    store.publish(staged.state);
    this.#store = store;
  }

  /** Copies the rows that are left once most are gone, so that neither memory nor searches pay for those. */
  async #clearAway(store: RowStore): Promise<void> {
    const { rows, ids } = this.state;
    const removed = rows.slotCount - rows.size;
    if (removed <= rows.size || removed < LEAST_REMOVED) return;
    const staged = store.stage(NO_ROWS);
    try {
      await copyLiveRows(rows, staged, new TimeSlices(this.#options.closing));
    } catch (error) {
      // The rows are removed all the same; without the memory for a copy they stay where they are.
      if (error instanceof IndexingError && error.code === 'InsufficientMemory') return;
      throw error;
    }
    this.#ids.renumber(liveIds(rows, ids));
    this.#publish(store, staged);
  }

  #slotsOf(ids: readonly VectorId[]): number[] {
    return ids.map((id) => this.#ids.slotOf(id)).filter((slot) => slot !== undefined);
  }

  #createStore(dims: number): RowStore {
    const { threads, searchKernel: kernel, scan, segmentBytes } = this.#options;
    const int8 = scan === 'int8' && kernel.backend === 'simd' && hasInt8Scan(dims);
    return new RowStore({ dims, threads, kernel, int8, segmentBytes });
  }

  #target({ dims }: RowStore): { metric: Metric; dims: number } {
    return { metric: this.#options.metric, dims };
  }

  /** An indexer for the time of one change. */
  async #withIndexer(work: (indexer: ParallelIndexer) => Promise<void>): Promise<void> {
    const { threads, runner } = this.#options;
    const indexer = new ParallelIndexer(threads, runner);
    try {
      await work(indexer);
    } finally {
      await indexer.dispose();
    }
  }
}

function liveIds(rows: RowState, ids: IdColumn): VectorId[] {
  const live: VectorId[] = [];
  for (const { part, first, count } of liveSpans(rows, Number.MAX_SAFE_INTEGER)) {
    for (let row = first; row < first + count; row++) live.push(idAt(ids, part.firstSlot + row));
  }
  return live;
}
