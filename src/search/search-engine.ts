/**
 * Searches on all threads, one after another, each spread by rows; little ones at once on the calling thread.
 *
 * A search only reads, so one whose thread died is done again from the start.
 */
import { IndexingError, messageOf } from '../base/errors.js';
import { linkSignals } from '../base/linked-signal.js';
import { TimeSlices } from '../base/time-slices.js';
import type { Backend } from '../engine/engine-core.js';
import { boundPlatform } from '../engine/lanes/platform.js';
import type { WorkerPool } from '../engine/lanes/worker-pool.js';
import { BlockSearch, SearchInstances, searchBlocks } from '../engine/worker/search-loop.js';
import type { SearchPart, SearchTask } from '../engine/worker/search-task.js';
import { isBetter } from '../engine/worker/top-hits.js';
import { SerialQueue, type Turn } from '../indexing/serial-queue.js';
import type { KernelBackend } from '../kernel/instantiate.js';
import type { SearchKernel } from '../kernel/search/compile-search-kernel.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { queryBytes } from '../kernel/search/search-kernel.js';
import { SearchControl } from '../memory/search-control.js';
import { queriesPerPass, rowsPerCall } from '../memory/segment-layout.js';
import type { PreparedQueries } from './queries.js';
import type { RowState } from './row-store.js';
import { type SearchPoolOptions, startSearchPool } from './search-pool.js';

export interface EngineOptions extends SearchPoolOptions {
  readonly kernel: SearchKernel;
  readonly metric: Metric;
}

export interface SearchRequest {
  /** At least one row. */
  readonly state: RowState;
  readonly dims: number;
  /** For every part, the rows that may be hits; see SearchPart. */
  readonly accepted: readonly (ArrayBufferLike | undefined)[];
  readonly queries: PreparedQueries;
  /** No more than there are rows, and at least 1. */
  readonly k: number;
  readonly signal: AbortSignal | undefined;
}

/** Best first. Keys are those of error-bound.ts, of the scaled query. */
export interface RankedRows {
  readonly keys: readonly number[];
  readonly slots: readonly number[];
}

/** Multiply-adds that the calling thread does at once: about 0.2 ms, less than asking the threads would gain. */
const SMALL_WORK: Record<KernelBackend, number> = { simd: 2 ** 20, scalar: 2 ** 18, javascript: 2 ** 17 };
/** Multiply-adds of a block, which is what the last thread to finish may keep the others waiting for. */
const BLOCK_WORK = 2 ** 19;
const MAX_ATTEMPTS = 3;

export class SearchEngine {
  readonly #options: EngineOptions;
  readonly #queue = new SerialQueue();
  readonly #closing = new AbortController();
  readonly #instances = new SearchInstances();
  #pool: Promise<WorkerPool | undefined> | undefined;
  #backend: Backend | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Known after a search that was more than a little one. */
  get backend(): Backend | undefined {
    return this.#backend;
  }

  /** Rejects with `signal.reason` when aborted, with `ThreadPanic` when threads die again and again. */
  async search(request: SearchRequest): Promise<RankedRows[]> {
    const { kernel } = this.#options;
    const { state, dims, queries } = request;
    if (queries.count === 0) return [];
    if (state.slotCount * dims * queries.count <= SMALL_WORK[kernel.compiled.backend]) return this.#searchHere(request);
    const { signal, unlink } = linkSignals(this.#closing.signal, request.signal);
    try {
      return await this.#queue.run(signal, () => this.#beginTurn(request, signal));
    } finally {
      unlink();
    }
  }

  /** Searches under way reject with `reason`; resolves when the threads are gone. */
  async dispose(reason: unknown): Promise<void> {
    this.#closing.abort(reason);
    await this.#queue.idle();
    this.#instances.keepOnly([]);
    await (await this.#pool)?.dispose();
  }

  /** Holds the calling thread; nothing else runs before it is done. */
  #searchHere(request: SearchRequest): RankedRows[] {
    const ranked: RankedRows[] = [];
    for (const pass of this.#passes(request)) {
      const control = SearchControl.create(1, pass.count, request.k, boundPlatform().sharesMemory);
      const parts = this.#parts(request, ({ layout }) => layout.placeOfCaller);
      placeQueries(parts, pass);
      this.#instances.keepOnly(parts);
      searchBlocks(this.#task(request, pass, control, 0, parts), this.#instances);
      for (let query = 0; query < pass.count; query++) ranked.push(merge(control, 1, query, request.k));
    }
    return ranked;
  }

  async #beginTurn(request: SearchRequest, signal: AbortSignal): Promise<Turn<RankedRows[]>> {
    let control: SearchControl | undefined;
    const aborted = new Promise<never>((_, reject) => {
      const abort = () => {
        control?.stop();
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
    });
    const onBegin = (begun: SearchControl) => {
      control = begun;
    };
    const done = this.#startPool().then((pool) => {
      signal.throwIfAborted();
      return pool ? this.#searchOnThreads(pool, request, signal, onBegin) : this.#searchInSlices(request, signal);
    });
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    return { result: Promise.race([done, aborted]), settled };
  }

  /** Tried once: where it fails, the calling thread searches from then on. */
  #startPool(): Promise<WorkerPool | undefined> {
    const { kernel, threads } = this.#options;
    this.#pool ??= startSearchPool(kernel.source, this.#options).then((pool) => {
      this.#backend = { kernel: kernel.compiled.backend, threads: pool ? threads : 1, shared: pool !== undefined };
      return pool;
    });
    return this.#pool;
  }

  /** Where no thread searches: block by block, with turns of the event loop between them. */
  async #searchInSlices(request: SearchRequest, signal: AbortSignal): Promise<RankedRows[]> {
    const ranked: RankedRows[] = [];
    const slices = new TimeSlices(signal);
    for (const pass of this.#passes(request)) {
      const control = SearchControl.create(1, pass.count, request.k, boundPlatform().sharesMemory);
      // Not the caller's own place: a little search may come between two blocks.
      const parts = this.#parts(request, ({ layout }) => layout.placeOfThread(0));
      placeQueries(parts, pass);
      const search = new BlockSearch(this.#task(request, pass, control, 0, parts), new SearchInstances());
      while (search.step()) if (slices.isDue()) await slices.nextTurn();
      for (let query = 0; query < pass.count; query++) ranked.push(merge(control, 1, query, request.k));
    }
    return ranked;
  }

  async #searchOnThreads(
    pool: WorkerPool,
    request: SearchRequest,
    signal: AbortSignal,
    onBegin: (control: SearchControl) => void,
  ): Promise<RankedRows[]> {
    const { threads } = this.#options;
    const ranked: RankedRows[] = [];
    for (const pass of this.#passes(request)) {
      for (let attempt = 1; ; attempt++) {
        const control = SearchControl.create(threads, pass.count, request.k, true);
        onBegin(control);
        const panic = await this.#runPass(pool, request, pass, control);
        signal.throwIfAborted();
        if (!panic) {
          for (let query = 0; query < pass.count; query++) ranked.push(merge(control, threads, query, request.k));
          break;
        }
        if (attempt === MAX_ATTEMPTS) throw panic;
      }
    }
    return ranked;
  }

  /** Resolves when all threads have answered or died, with what one of them died of. */
  async #runPass(
    pool: WorkerPool,
    request: SearchRequest,
    pass: QueryPass,
    control: SearchControl,
  ): Promise<IndexingError | undefined> {
    placeQueries(
      this.#parts(request, ({ layout }) => layout.placeOfThread(0)),
      pass,
    );
    const answers = Array.from({ length: this.#options.threads }, (_, lane) => {
      const parts = this.#parts(request, ({ layout }) => layout.placeOfThread(lane));
      return pool.run(this.#task(request, pass, control, lane, parts)).catch((cause: unknown) => {
        // What this thread claimed is lost; the others need not go on.
        control.stop();
        const reason = messageOf(cause);
        this.#options.logger?.warn(`Thread ${lane} died during a search and is replaced (${reason})`);
        return new IndexingError('ThreadPanic', reason, { threadId: lane, during: 'search', cause });
      });
    });
    return (await Promise.all(answers)).find((answer) => answer instanceof IndexingError);
  }

  /** The queries, as many at a time as one pass over the rows takes. */
  *#passes({ queries, dims, k }: SearchRequest): Generator<QueryPass> {
    const stride = queryBytes(dims) / 4;
    const most = queriesPerPass(dims, k);
    for (let first = 0; first < queries.count; first += most) {
      const count = Math.min(most, queries.count - first);
      yield { count, data: queries.data.subarray(first * stride, (first + count) * stride) };
    }
  }

  #parts({ state, accepted }: SearchRequest, placeOf: (segment: Segment) => SearchPart['place']): SearchPart[] {
    return state.parts.map(({ segment, count, firstSlot }, i) => ({
      key: segment.memory.key,
      memory: segment.memory.memory,
      count,
      firstSlot,
      magnitudes: segment.layout.magnitudes,
      int8: segment.layout.int8,
      place: placeOf(segment),
      accepted: accepted[i],
    }));
  }

  #task(
    { dims, k }: SearchRequest,
    { count }: QueryPass,
    control: SearchControl,
    lane: number,
    parts: readonly SearchPart[],
  ): SearchTask {
    const { metric } = this.#options;
    const { compiled: kernel } = this.#options.kernel;
    const blockRows = Math.max(rowsPerCall(dims, count), Math.floor(BLOCK_WORK / (dims * count)));
    return {
      type: 'search',
      kernel,
      metric,
      dims,
      k,
      queryCount: count,
      control: control.buffer,
      lane,
      blockRows,
      parts,
    };
  }
}

type Segment = RowState['parts'][number]['segment'];

/** Queries that take part in one pass over the rows. */
interface QueryPass {
  readonly count: number;
  readonly data: Float32Array;
}

function placeQueries(parts: readonly SearchPart[], { data }: QueryPass): void {
  for (const { memory, place } of parts) new Float32Array(memory.buffer, place.queries, data.length).set(data);
}

/** The best k of what the lanes found. */
function merge(control: SearchControl, lanes: number, query: number, k: number): RankedRows {
  const found: { readonly key: number; readonly slot: number }[] = [];
  for (let lane = 0; lane < lanes; lane++) {
    const { count, keys, slots } = control.hits(lane, query);
    for (let i = 0; i < count[0]!; i++) found.push({ key: keys[i]!, slot: slots[i]! });
  }
  found.sort((a, b) => (isBetter(a.key, a.slot, b.key, b.slot) ? -1 : 1));
  const best = found.slice(0, k);
  return { keys: best.map(({ key }) => key), slots: best.map(({ slot }) => slot) };
}
