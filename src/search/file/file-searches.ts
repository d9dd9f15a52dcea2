/**
 * The searches of an index whose rows lie in a file. Threads scan the codes and list which rows may be hits, with bounds of
 * their scores. Then those rows are read and scored. The hits are the same as with rows in memory.
 *
 * A list has room for some candidates. It overflows where rows are very alike, or where very many hits are wanted. Then the
 * rows are gone through span by span, and a list has room for all rows of a span.
 */
import { linkToOwner, onAbort } from '../../base/signals.js';
import { TimeSlices } from '../../base/time.js';
import type { EngineCore } from '../../engine/engine-core.js';
import { Gathering } from '../../engine/gathering.js';
import { TopHits } from '../../engine/worker/top-hits.js';
import { ErrorBound } from '../../kernel/search/error-bound.js';
import type { SearchBoard } from '../../memory/search-board.js';
import { queriesPerPass } from '../../memory/segment-layout.js';
import { hitsOf, type SearchHits } from '../search-hits.js';
import { SearchJob, type SearchScope } from '../search-job.js';
import { createPassRows, type JoiningCall, joinPass, type PassQueries, type SlotSpan } from '../search-pass.js';
import type { IndexSearches, SearchRequest } from '../searches.js';
import { doInSlices } from '../steps.js';
import { type Candidates, candidatesOn, holdFiles, roomFor } from './board-candidates.js';
import { ExactScores } from './exact-scores.js';

interface WaitingQueries extends PassQueries, JoiningCall<SearchJob> {}

/** Most hits of a search without spans. For more, rows are gone through span by span. */
const MOST_HITS = 1024;
/** Bytes of the candidates of all lanes in a pass. */
const PASS_BYTES = 2 ** 24;
/** Rows of a span. */
const SPAN = 2 ** 15;
const FULL_PASS = 2 ** 20;
const WORK_PER_MS = 5e6;

export class FileSearches implements IndexSearches {
  readonly scores: ExactScores;
  readonly #core: EngineCore;
  readonly #scope: SearchScope;
  readonly #closing: AbortSignal;
  readonly #bound: ErrorBound;
  readonly #gathering: Gathering<WaitingQueries, SearchJob>;
  readonly #passes = new Set<Promise<unknown>>();

  constructor(core: EngineCore, scope: SearchScope, closing: AbortSignal) {
    this.#core = core;
    this.#scope = scope;
    this.#closing = closing;
    this.#bound = new ErrorBound(scope.metric, scope.dims);
    this.scores = new ExactScores(core, scope);
    const kind = {
      fits: (_: WaitingQueries, bytes: number, call: WaitingQueries) => bytes + call.bytes <= FULL_PASS,
      begin: (calls: readonly WaitingQueries[]) => {
        const job = new SearchJob(core, scope, calls);
        for (const call of calls) call.job = job;
        return job;
      },
      predictMs: (call: WaitingQueries) => this.#predictMs(call.snapshot.counts, call.count),
    };
    this.#gathering = new Gathering(core, kind, this);
  }

  get byteLength(): number {
    return this.scores.byteLength;
  }

  /** No search is small: rows have to be read, and a call does not wait for that. */
  isSmall(): boolean {
    return false;
  }

  searchNow(): SearchHits[] {
    throw new Error('rows in a file are not scored at once');
  }

  async search(request: SearchRequest): Promise<SearchHits[]> {
    const { signal, unlink } = linkToOwner(this.#closing, request.signal);
    const release = holdFiles(request.snapshot);
    try {
      signal.throwIfAborted();
      const { k, queries } = request;
      const slices = new TimeSlices(signal);
      const hits: SearchHits[] = [];
      if (k > MOST_HITS) {
        for (let query = 0; query < queries.count; query++)
          hits.push(await this.#searchSpans(request, query, slices, signal));
        return hits;
      }
      const most = this.#queriesPerPass(k);
      for (let first = 0; first < queries.count; first += most) {
        const count = Math.min(most, queries.count - first);
        await this.#searchPass(request, first, count, (count / most) * FULL_PASS, hits, slices, signal);
      }
      return hits;
    } finally {
      unlink();
      release();
    }
  }

  async idle(): Promise<void> {
    await Promise.allSettled(this.#passes);
    this.scores.close();
  }

  #queriesPerPass(k: number): number {
    const { dims, threads } = this.#scope;
    const bytes = 16 * threads * (k + roomFor(k));
    return Math.max(1, Math.min(queriesPerPass(dims, k), Math.floor(PASS_BYTES / bytes)));
  }

  async #searchPass(
    request: SearchRequest,
    first: number,
    count: number,
    bytes: number,
    hits: SearchHits[],
    slices: TimeSlices,
    signal: AbortSignal,
  ): Promise<void> {
    const { k, snapshot, queries } = request;
    const call: WaitingQueries = { ...request, candidates: roomFor(k), first, count, rows: count, bytes };
    const job = await joinPass(this.#gathering, call, this.#passes, signal);
    const before = job.firstQueryOf(call);
    const candidates: (Candidates | undefined)[] = [];
    for (let query = 0; query < count; query++) {
      candidates.push(candidatesOn(job.board, job.threads, before + query, k, this.#bound));
      if (slices.isDue()) await slices.nextTurn();
    }
    const board = this.scores.createBoard(count, k);
    const none: Candidates = { slots: [], bounds: [] };
    const toScore = { rows: job.rows, stored: snapshot.stored };
    const some = candidates.map((each) => each ?? none);
    await this.scores.score(toScore, { queries, first, leastKeys: request.leastKeys }, some, board, signal);
    for (let query = 0; query < count; query++) {
      hits.push(
        candidates[query]
          ? await this.#hitsOf(request, job, board, query, first + query, slices)
          : await this.#searchSpans(request, first + query, slices, signal),
      );
    }
  }

  async #hitsOf(
    request: SearchRequest,
    { rows }: Pick<SearchJob, 'rows'>,
    board: SearchBoard,
    query: number,
    position: number,
    slices: TimeSlices,
  ): Promise<SearchHits> {
    const ranked = await this.scores.rank(board, query, slices);
    return doInSlices(hitsOf(ranked, rows, this.#scope.metric, request.queries.scales[position]!, request), slices);
  }

  /** One query, span by span. */
  async #searchSpans(
    request: SearchRequest,
    query: number,
    slices: TimeSlices,
    signal: AbortSignal,
  ): Promise<SearchHits> {
    const { snapshot, k, queries } = request;
    const board = this.scores.createBoard(1, k);
    const best = new TopHits(board.hits, board.place(0, 0));
    const call: PassQueries = { ...request, k: 0, candidates: SPAN, first: query, count: 1 };
    const rows = createPassRows([[call]]);
    for (let first = 0; first < rows.slotCount; first += SPAN) {
      const span = { first, last: Math.min(first + SPAN, rows.slotCount) };
      const leastKey = Math.max(best.worstKey, request.leastKeys?.[query] ?? Number.NEGATIVE_INFINITY);
      const leastKeys = queries.scales.map(() => leastKey);
      const job = await this.#runSpan({ ...call, leastKeys }, span, signal);
      // All of a span's rows fit.
      const candidates = candidatesOn(job.board, job.threads, 0, Number.POSITIVE_INFINITY, this.#bound)!;
      await this.scores.score(
        { rows, stored: snapshot.stored },
        { queries, first: query, leastKeys },
        [candidates],
        board,
        signal,
      );
    }
    return this.#hitsOf(request, { rows }, board, 0, query, slices);
  }

  async #runSpan(call: PassQueries, span: SlotSpan, signal: AbortSignal): Promise<SearchJob> {
    let job: SearchJob | undefined;
    const stop = () => job?.leave();
    const unlink = onAbort(signal, stop);
    const begin = () => {
      if (signal.aborted) return undefined;
      job = new SearchJob(this.#core, this.#scope, [call], span);
      return job;
    };
    const running = this.#core.execute(begin, this.#predictMs([span.last - span.first], 1));
    this.#passes.add(running);
    try {
      await running;
    } finally {
      this.#passes.delete(running);
      unlink();
    }
    signal.throwIfAborted();
    if (job!.panic) throw job!.panic;
    return job!;
  }

  #predictMs(counts: readonly number[], queryCount: number): number {
    const rows = counts.reduce((sum, each) => sum + each, 0);
    return (rows * this.#scope.dims * queryCount) / WORK_PER_MS / this.#scope.threads;
  }
}
