/**
 * The searches of one index. Small ones are done at once on the calling thread. Those that wait for the threads at the same
 * time are done in one pass over the rows. Each call still has its own snapshot, filter, number of hits and signal.
 */
import { linkToOwner } from '../base/signals.js';
import { TimeSlices } from '../base/time.js';
import type { EngineCore } from '../engine/engine-core.js';
import { Gathering } from '../engine/gathering.js';
import type { KernelBackend } from '../kernel/instantiate.js';
import { queriesPerPass } from '../memory/segment-layout.js';
import { type HitRange, hitsOf, rankHits, type SearchHits } from './search-hits.js';
import { SearchHere, SearchJob, type SearchScope } from './search-job.js';
import type { PassQueries } from './search-pass.js';
import { type JoiningCall, joinPass } from './search-pass.js';
import { doInSlices, doNow } from './steps.js';

/** Request of a call. */
export interface SearchRequest extends Omit<PassQueries, 'first' | 'count'>, HitRange {
  readonly signal: AbortSignal | undefined;
}

/** Some queries of a request that wait. */
interface WaitingQueries extends PassQueries, JoiningCall<SearchJob> {}

/** A full pass, in the unit that calls are counted by. */
const FULL_PASS = 2 ** 20;
/** Multiply-adds that the calling thread does at once: about 0.2 ms, less than asking the threads would gain. */
const SMALL_WORK: Record<KernelBackend, number> = { simd: 2 ** 20, scalar: 2 ** 18, javascript: 2 ** 17 };
/** Cost of a row besides, in multiply-adds. */
const ROW_WORK = 64;
const SMALL_K = 1024;
/** Multiply-adds of a thread in a millisecond, about. */
const WORK_PER_MS = 5e6;

/** The exact searches of an index. */
export interface IndexSearches {
  /** Whether a request is done before its call returns. */
  isSmall(request: SearchRequest): boolean;
  /** The hits of a small request. */
  searchNow(request: SearchRequest): SearchHits[];
  /** The hits of any other. Rejects with `signal.reason`, `ThreadPanic`. */
  search(request: SearchRequest): Promise<SearchHits[]>;
  /** Resolves when no pass is under way any more. */
  idle(): Promise<void>;
  /** Bytes of the memory that it keeps to work with. */
  readonly byteLength: number;
}

export class Searches implements IndexSearches {
  readonly #scope: SearchScope;
  readonly #closing: AbortSignal;
  readonly #here: SearchHere;
  readonly #gathering: Gathering<WaitingQueries, SearchJob>;
  /** Number of passes that were asked for and are not over. */
  readonly #passes = new Set<Promise<unknown>>();

  /** @param closing aborted when the index is disposed: searches that wait, or are under way, then reject with its reason */
  constructor(core: EngineCore, scope: SearchScope, closing: AbortSignal) {
    this.#scope = scope;
    this.#closing = closing;
    this.#here = new SearchHere(scope);
    const kind = {
      fits: (_: WaitingQueries, bytes: number, call: WaitingQueries) => bytes + call.bytes <= FULL_PASS,
      begin: (calls: readonly WaitingQueries[]) => {
        const job = new SearchJob(core, scope, calls);
        for (const call of calls) call.job = job;
        return job;
      },
      predictMs: ({ snapshot, count }: WaitingQueries) => {
        const rows = snapshot.counts.reduce((sum, each) => sum + each, 0);
        return (rows * scope.dims * count) / WORK_PER_MS / scope.threads;
      },
    };
    this.#gathering = new Gathering(core, kind, this);
  }

  /** Rows are scored where they are. */
  readonly byteLength = 0;

  isSmall({ snapshot, queries, k }: SearchRequest): boolean {
    if (k > SMALL_K) return false;
    let rows = 0;
    for (const count of snapshot.counts) rows += count;
    return rows * (this.#scope.dims + ROW_WORK) * queries.count <= SMALL_WORK[this.#scope.searchKernel.backend];
  }

  searchNow(request: SearchRequest): SearchHits[] {
    const { metric, dims } = this.#scope;
    const most = queriesPerPass(dims, request.k);
    const hits: SearchHits[] = [];
    for (let first = 0; first < request.queries.count; first += most) {
      const count = Math.min(most, request.queries.count - first);
      const { rows, board } = this.#here.search({ ...request, first, count });
      for (let query = 0; query < count; query++) {
        const ranked = doNow(rankHits(board, 1, query));
        const scale = request.queries.scales[first + query]!;
        hits.push(doNow(hitsOf(ranked, rows, metric, scale, request)));
      }
    }
    return hits;
  }

  async search(request: SearchRequest): Promise<SearchHits[]> {
    const { signal, unlink } = linkToOwner(this.#closing, request.signal);
    try {
      const most = queriesPerPass(this.#scope.dims, request.k);
      const slices = new TimeSlices(signal);
      const hits: SearchHits[] = [];
      // One pass after the other, so that those of other calls come in between.
      for (let first = 0; first < request.queries.count; first += most) {
        const count = Math.min(most, request.queries.count - first);
        await this.#searchPass(request, { first, count, bytes: (count / most) * FULL_PASS }, hits, slices, signal);
      }
      return hits;
    } finally {
      unlink();
    }
  }

  async idle(): Promise<void> {
    await Promise.allSettled(this.#passes);
  }

  async #searchPass(
    request: SearchRequest,
    { first, count, bytes }: { first: number; count: number; bytes: number },
    hits: SearchHits[],
    slices: TimeSlices,
    signal: AbortSignal,
  ): Promise<void> {
    const call: WaitingQueries = { ...request, first, count, rows: count, bytes };
    const job = await joinPass(this.#gathering, call, this.#passes, signal);
    const before = job.firstQueryOf(call);
    for (let query = 0; query < count; query++) {
      const ranked = await doInSlices(rankHits(job.board, job.threads, before + query), slices);
      const scale = request.queries.scales[first + query]!;
      hits.push(await doInSlices(hitsOf(ranked, job.rows, this.#scope.metric, scale, request), slices));
    }
  }
}
