/**
 * The searches that a graph answers. A single one takes some tenths of a millisecond, and is done on the calling thread, where nothing has to be
 * sent; those that are asked for together are spread over the threads.
 */
import { linkToOwner, onAbort } from '../../base/signals.js';
import { TimeSlices } from '../../base/time.js';
import type { EngineCore } from '../../engine/engine-core.js';
import { Gathering } from '../../engine/gathering.js';
import { ErrorBound } from '../../kernel/search/error-bound.js';
import { type Candidates, candidatesOn, holdFiles, roomFor } from '../file/board-candidates.js';
import type { ExactScores } from '../file/exact-scores.js';
import type { PreparedQueries } from '../queries.js';
import type { Snapshot } from '../rows.js';
import type { SearchFilter } from '../search-filter.js';
import { type HitRange, hitsOf, type RankedRows, rankHits, type SearchHits } from '../search-hits.js';
import { gatherAlike, type JoiningCall, joinPass, type PassRows } from '../search-pass.js';
import type { IndexSearches } from '../searches.js';
import { doInSlices, doNow } from '../steps.js';
import { searchFiltered } from './filtered-search.js';
import type { GraphMoment } from './graph-rows.js';
import {
  type GraphQueries,
  GraphSearchHere,
  GraphSearchJob,
  type GraphSearchScope,
  UNITS_PER_THREAD,
} from './graph-search-job.js';

/** Request of a call. */
export interface GraphRequest extends HitRange {
  readonly snapshot: Snapshot;
  readonly moment: GraphMoment;
  readonly queries: PreparedQueries;
  /** Hits to be found of each query. */
  readonly k: number;
  readonly effort: number;
  readonly leastKeys: readonly number[] | undefined;
  readonly signal: AbortSignal | undefined;
  readonly leftOut?: GraphQueries['leftOut'];
}

interface WaitingQueries extends GraphQueries, JoiningCall<GraphSearchJob> {}

/** A single query that was asked for and is not begun. */
interface SingleQuery {
  readonly request: GraphRequest;
  readonly resolve: (hits: SearchHits[] | Promise<SearchHits[]>) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * What is done on the calling thread: a single query that takes no longer, and several that take no longer together. Threads that have other work
 * would let several wait, so they are then as a single one.
 */
const SINGLE_MS = 4;
const TOGETHER_MS = 0.4;
/** Time of a unit of a job, in milliseconds. */
const UNIT_MS = 1;
/** A full pass, in the unit that calls are counted by: queries × hits. */
const FULL_PASS = 2 ** 20;
const LEAST_HITS = 256;
/** Multiply-adds of a scan in a millisecond, about. */
const WORK_PER_MS = 5e6;

export class GraphSearches {
  readonly scores: ExactScores | undefined;
  readonly searches: IndexSearches;
  readonly #core: EngineCore;
  readonly #scope: GraphSearchScope;
  readonly #bound: ErrorBound;
  readonly #closing: AbortSignal;
  readonly #here: GraphSearchHere;
  readonly #gathering: Gathering<WaitingQueries, GraphSearchJob>;
  readonly #passes = new Set<Promise<unknown>>();
  #single: SingleQuery[] = [];
  /** Time that a step of a walk takes the calling thread, as far as is known. */
  #stepMs: number;

  /**
   * @param closing aborted when the graph is let go: searches that wait, or are under way, then reject with its reason
   * @param scores what scores candidates whose rows may be in a file; undefined where all are in memory
   * @param searches those of all rows, for queries that have too many candidates then
   */
  constructor(
    core: EngineCore,
    scope: GraphSearchScope,
    closing: AbortSignal,
    { scores, searches }: Pick<GraphSearches, 'scores' | 'searches'>,
  ) {
    this.#core = core;
    this.#scope = scope;
    this.#closing = closing;
    this.scores = scores;
    this.searches = searches;
    this.#bound = new ErrorBound(scope.metric, scope.dims);
    this.#here = new GraphSearchHere(scope);
    this.#stepMs = (scope.dims + 400) / 5e5;
    this.#gathering = new Gathering(
      core,
      {
        fits: (_: WaitingQueries, bytes: number, call: WaitingQueries) => bytes + call.bytes <= FULL_PASS,
        begin: (calls: readonly WaitingQueries[]) => {
          const job = this.#createJob(calls, false);
          for (const call of calls) call.job = job;
          return job;
        },
        // While half of the callers are answered and come back, the threads have the others.
        rowsOfJob: (waiting, unanswered) =>
          this.#isWorthHalving(waiting + unanswered) ? Math.ceil((waiting + unanswered) / 2) : waiting,
        predictMs: (call: WaitingQueries) => (call.count * this.#predictMs(call)) / scope.threads,
      },
      this,
    );
  }

  /**
   * The hits of a request. Whoever asks for a single one in the same moment as others has it done together with them. Rejects with
   * `signal.reason`, `ThreadPanic`.
   */
  search(request: GraphRequest): Promise<SearchHits[]> {
    if (!this.scores) return this.#search(request);
    return this.#search(request).finally(holdFiles(request.snapshot));
  }

  #search(request: GraphRequest): Promise<SearchHits[]> {
    if (request.queries.count !== 1) return this.#searchOnThreads(request);
    return new Promise((resolve, reject) => {
      // Callers that were answered together come back together: the first one waits for the others, which takes no time.
      if (this.#single.length === 0) queueMicrotask(() => this.#beginSingle());
      this.#single.push({ request, resolve, reject });
    });
  }

  /** The hits on the calling thread; at once where all rows are in memory. */
  searchNow(request: GraphRequest): SearchHits[] | Promise<SearchHits[]> {
    const { queries, effort, k } = request;
    const startedAt = performance.now();
    const { rows, board } = this.#here.search({ ...this.#queriesOf(request), first: 0, count: queries.count });
    const stepMs = (performance.now() - startedAt) / (effort * queries.count);
    if (request.moment.waitingCount === 0) this.#stepMs = 0.9 * this.#stepMs + 0.1 * Math.min(stepMs, 2 * this.#stepMs);
    if (this.scores) {
      const candidates = queries.scales.map((_, query) => candidatesOn(board, 1, query, k, this.#bound));
      return this.#scoreHere(request, rows, candidates);
    }
    const hits: SearchHits[] = [];
    for (let query = 0; query < queries.count; query++) {
      const ranked = doNow(rankHits(board, 1, query));
      hits.push(asApproximate(doNow(hitsOf(ranked, rows, this.#scope.metric, queries.scales[query]!, request))));
    }
    return hits;
  }

  /** The hits among the rows that a filter accepts, on the calling thread; undefined where all rows have to be looked at. */
  async searchFiltered(request: GraphRequest, filter: SearchFilter, live: number): Promise<SearchHits[] | undefined> {
    const { signal, unlink } = linkToOwner(this.#closing, request.signal);
    const release = holdFiles(request.snapshot);
    try {
      signal.throwIfAborted();
      return await searchFiltered({ ...request, signal }, filter, {
        live,
        walk: (request, query, effort) => {
          const k = Math.min(effort, request.snapshot.size);
          const wider = { ...request, k, effort, leastKeys: undefined };
          const { rows, board } = this.#here.search({ ...this.#queriesOf(wider), first: query, count: 1 });
          if (!this.scores) return { rows, ranked: doNow(rankHits(board, 1, 0)) };
          const candidates = candidatesOn(board, 1, 0, k, this.#bound);
          return (
            candidates &&
            this.#rank(wider, rows, query, [candidates], signal).then(([ranked]) => ({ rows, ranked: ranked! }))
          );
        },
        hitsOf: ({ ranked, rows }, request, query) => {
          const scale = request.queries.scales[query]!;
          return asApproximate(doNow(hitsOf(ranked, rows, this.#scope.metric, scale, request)));
        },
      });
    } finally {
      unlink();
      release();
    }
  }

  /** As `search`, and the milliseconds that a query took on its thread, in the mean. */
  async measure(request: GraphRequest): Promise<{ readonly hits: SearchHits[]; readonly meanMs: number }> {
    const { signal, unlink } = linkToOwner(this.#closing, request.signal);
    const release = holdFiles(request.snapshot);
    try {
      const { queries } = request;
      const call = { ...this.#queriesOf(request), first: 0, count: queries.count };
      let job: GraphSearchJob | undefined;
      const stop = () => job?.leave();
      const unfollow = onAbort(signal, stop);
      const begin = () => {
        if (signal.aborted) return undefined;
        job = this.#createJob([call], true);
        return job;
      };
      const running = this.#core.execute(begin, (queries.count * this.#predictMs(request)) / this.#scope.threads);
      this.#passes.add(running);
      try {
        await running;
      } finally {
        this.#passes.delete(running);
        unfollow();
      }
      signal.throwIfAborted();
      if (job!.panic) throw job!.panic;
      const hits: SearchHits[] = [];
      await this.#takeHits(job!, call, request, hits, signal);
      return { hits, meanMs: job!.totalMs / queries.count };
    } finally {
      unlink();
      release();
    }
  }

  /** Resolves when no pass is under way any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#passes);
  }

  #beginSingle(): void {
    const all = this.#single;
    this.#single = [];
    const waiting: SingleQuery[] = [];
    for (const each of all) {
      if (each.request.signal?.aborted) each.reject(each.request.signal.reason);
      else if (this.#closing.aborted) each.reject(this.#closing.reason);
      else waiting.push(each);
    }
    const totalMs = waiting.reduce((sum, { request }) => sum + this.#predictMs(request), 0);
    const mostMs = waiting.length === 1 || this.#core.hasOthers(this) ? SINGLE_MS : TOGETHER_MS;
    const isHere = totalMs <= mostMs;
    if (!isHere) {
      for (const alike of gatherAlike(waiting, canBeOne)) this.#searchTogether(alike);
      return;
    }
    for (const { request, resolve, reject } of waiting) {
      try {
        resolve(this.searchNow(request));
      } catch (error) {
        reject(error);
      }
    }
  }

  /** Single queries that ask for the same become a few calls of several queries, which takes less for each. */
  #searchTogether(all: readonly SingleQuery[]): void {
    const most = this.#isWorthHalving(all.length) ? Math.ceil(all.length / 2) : all.length;
    for (let first = 0; first < all.length; first += most) {
      const some = all.slice(first, first + most);
      this.#searchOnThreads(asOne(some.map(({ request }) => request)), some.length).then(
        (hits) => {
          for (const [i, { resolve }] of some.entries()) resolve([hits[i]!]);
        },
        (reason: unknown) => {
          for (const { reject } of some) reject(reason);
        },
      );
    }
  }

  /** Whether half of so many queries still keep all threads busy. */
  #isWorthHalving(queries: number): boolean {
    return queries >= 2 * UNITS_PER_THREAD * this.#scope.threads;
  }

  /** @param calls that the request stands for */
  async #searchOnThreads(request: GraphRequest, calls = 1): Promise<SearchHits[]> {
    const { signal, unlink } = linkToOwner(this.#closing, request.signal);
    try {
      const { queries, k } = request;
      const bytesOfOne = Math.max(LEAST_HITS, k);
      const most = Math.max(1, Math.floor(FULL_PASS / bytesOfOne));
      const hits: SearchHits[] = [];
      // One pass after the other, so that those of other calls come in between.
      for (let first = 0; first < queries.count; first += most) {
        const count = Math.min(most, queries.count - first);
        const call: WaitingQueries = {
          ...this.#queriesOf(request),
          calls,
          first,
          count,
          rows: count,
          bytes: count * bytesOfOne,
        };
        const job = await joinPass(this.#gathering, call, this.#passes, signal);
        await this.#takeHits(job, call, request, hits, signal);
      }
      return hits;
    } finally {
      unlink();
    }
  }

  async #takeHits(
    job: GraphSearchJob,
    call: GraphQueries,
    request: GraphRequest,
    hits: SearchHits[],
    signal: AbortSignal,
  ): Promise<void> {
    const before = job.firstQueryOf(call);
    const slices = new TimeSlices(signal);
    if (this.scores) {
      const candidates: (Candidates | undefined)[] = [];
      for (let query = 0; query < call.count; query++) {
        candidates.push(candidatesOn(job.board, 1, before + query, request.k, this.#bound));
        if (slices.isDue()) await slices.nextTurn();
      }
      for (const each of await this.#scoreAll(request, job.rows, call.first, candidates, signal)) hits.push(each);
      return;
    }
    for (let query = 0; query < call.count; query++) {
      const scale = request.queries.scales[call.first + query]!;
      const ranked = await doInSlices(rankHits(job.board, 1, before + query), slices);
      hits.push(asApproximate(await doInSlices(hitsOf(ranked, job.rows, this.#scope.metric, scale, request), slices)));
    }
  }

  async #scoreHere(
    request: GraphRequest,
    rows: PassRows,
    candidates: readonly (Candidates | undefined)[],
  ): Promise<SearchHits[]> {
    const { signal, unlink } = linkToOwner(this.#closing, request.signal);
    try {
      return await this.#scoreAll(request, rows, 0, candidates, signal);
    } finally {
      unlink();
    }
  }

  /** The hits of queries, those from `first` on, by their candidates. One that has too many is searched for among all rows. */
  async #scoreAll(
    request: GraphRequest,
    rows: PassRows,
    first: number,
    candidates: readonly (Candidates | undefined)[],
    signal: AbortSignal,
  ): Promise<SearchHits[]> {
    if (candidates.includes(undefined)) {
      const all = await this.searches.search({ ...request, accepted: undefined });
      return all.slice(first, first + candidates.length);
    }
    const slices = new TimeSlices(signal);
    const hits: SearchHits[] = [];
    const ranked = await this.#rank(request, rows, first, candidates as readonly Candidates[], signal);
    for (const [query, each] of ranked.entries()) {
      const scale = request.queries.scales[first + query]!;
      hits.push(asApproximate(await doInSlices(hitsOf(each, rows, this.#scope.metric, scale, request), slices)));
    }
    return hits;
  }

  async #rank(
    { queries, k, leastKeys, snapshot: { stored } }: GraphRequest,
    rows: PassRows,
    first: number,
    candidates: readonly Candidates[],
    signal: AbortSignal,
  ): Promise<RankedRows[]> {
    const scores = this.scores!;
    const board = scores.createBoard(candidates.length, k);
    await scores.score({ rows, stored }, { queries, first, leastKeys }, candidates, board, signal);
    const slices = new TimeSlices(signal);
    const ranked: RankedRows[] = [];
    for (let query = 0; query < candidates.length; query++) ranked.push(await scores.rank(board, query, slices));
    return ranked;
  }

  #createJob(calls: readonly GraphQueries[], timed: boolean): GraphSearchJob {
    const longest = calls.reduce((most, call) => Math.max(most, this.#predictMs(call)), 0);
    const queriesPerUnit = Math.max(1, Math.floor(UNIT_MS / longest));
    return new GraphSearchJob(this.#core, this.#scope, calls, { queriesPerUnit, timed });
  }

  #queriesOf({ snapshot, queries, k, leastKeys, moment, effort, leftOut }: GraphRequest) {
    const candidates = this.scores ? roomFor(Math.max(k, effort)) : undefined;
    return { snapshot, queries, k, candidates, accepted: undefined, leastKeys, moment, effort, leftOut };
  }

  /** Time that one query takes one thread. */
  #predictMs({ effort, moment }: Pick<GraphQueries, 'effort' | 'moment'>): number {
    const walksMs = effort * this.#stepMs * Math.max(1, moment.parts.length);
    return walksMs + (moment.waitingCount * this.#scope.dims) / WORK_PER_MS;
  }
}

/** Whether two requests of single queries can be done as one of several queries. A call with a signal ends by itself. */
function canBeOne({ request: one }: SingleQuery, { request: other }: SingleQuery): boolean {
  return (
    one.snapshot === other.snapshot &&
    one.moment === other.moment &&
    one.k === other.k &&
    one.effort === other.effort &&
    one.offset === other.offset &&
    one.threshold === undefined &&
    other.threshold === undefined &&
    !one.signal &&
    !other.signal
  );
}

/** Requests of single queries that can be done as one. */
function asOne(requests: readonly GraphRequest[]): GraphRequest {
  const first = requests[0]!;
  if (requests.length === 1) return first;
  const size = first.queries.data.length;
  const data = new Float32Array(requests.length * size);
  const scales: number[] = [];
  for (const [i, { queries }] of requests.entries()) {
    data.set(queries.data, i * size);
    scales.push(queries.scales[0]!);
  }
  return { ...first, queries: { count: requests.length, data, scales } };
}

function asApproximate(hits: SearchHits): SearchHits {
  return { ...hits, exact: false };
}
