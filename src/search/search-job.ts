/**
 * A pass over the rows as a job: threads claim blocks of rows, and each keeps the best hits that it found.
 */
import { IndexingError, messageOf } from '../base/errors.js';
import type { EngineCore } from '../engine/engine-core.js';
import type { UnitDeath } from '../engine/job.js';
import { SearchLane, searchBlocks } from '../engine/worker/search-loop.js';
import type { SearchTask } from '../engine/worker/search-task.js';
import type { UnitWork } from '../engine/worker/unit-work.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { UNIT_WORDS } from '../memory/control-block.js';
import { JobControl } from '../memory/job-control.js';
import { SearchBoard } from '../memory/search-board.js';
import type { PassJob } from './search-pass.js';
import {
  askTheSame,
  blocksOf,
  createPassRows,
  firstQueriesOf,
  gatherAlike,
  KeptBoard,
  type PassQueries,
  type PassRows,
  placeQueries,
  queriesOf,
  type SlotSpan,
} from './search-pass.js';
import type { Segment } from './segment.js';
import { doNow } from './steps.js';

export interface SearchScope {
  readonly metric: Metric;
  readonly dims: number;
  readonly searchKernel: CompiledKernel;
  /** Threads that take part at most. */
  readonly threads: number;
  /** Hears of threads that died. */
  readonly warn: (message: string) => void;
}

export class SearchJob implements PassJob {
  readonly what = 'search';
  readonly searches = true;
  readonly control: JobControl;
  readonly calls: number;
  readonly threads: number;
  readonly rows: PassRows;
  readonly board: SearchBoard;
  panic: IndexingError | undefined;
  readonly #scope: SearchScope;
  readonly #firstQueries: ReadonlyMap<PassQueries, number>;
  /** Calls that still want their hits. */
  #wanted: number;

  /** @param span slots that are scanned; by default all */
  constructor(core: EngineCore, scope: SearchScope, calls: readonly PassQueries[], span?: SlotSpan) {
    const { dims, threads } = scope;
    this.#scope = scope;
    const alike = gatherAlike(calls, askTheSame);
    const inOrder = alike.flat();
    this.#firstQueries = firstQueriesOf(inOrder);
    this.#wanted = calls.length;
    this.calls = calls.length;
    this.threads = threads;
    this.rows = createPassRows(alike);
    const { groups } = this.rows;
    const queryCount = queriesOf(calls);
    const blocks = blocksOf(this.rows, dims, queryCount, span);
    const units = new Uint32Array(blocks.length * UNIT_WORDS);
    for (const [unit, { part, first, count }] of blocks.entries()) units.set([part, first, count], unit * UNIT_WORDS);
    this.control = JobControl.create(units, {
      threads,
      extraBytes: SearchBoard.byteLength(dims, groups, threads),
      shared: core.sharesMemory,
    });
    this.board = new SearchBoard(this.control.buffer, this.control.extra, dims, groups, threads);
    placeQueries(this.board, inOrder, dims);
  }

  task(thread: number): SearchTask {
    const { metric, dims, searchKernel, threads } = this.#scope;
    const { segments, firstSlots, groups } = this.rows;
    const parts = segments.map((segment, i) => segment.searchPart(firstSlots[i]!, segment.layout.place(thread)));
    const control = this.control.buffer;
    return { type: 'search', searchKernel, metric, dims, threads, thread, control, parts, groups };
  }

  open(thread: number): UnitWork {
    const byKey = new Map<number, Segment>(this.rows.segments.map((segment) => [segment.memory.key, segment]));
    return searchBlocks(this.task(thread), (_, { key }) => byKey.get(key)!.open);
  }

  forgetThread = (thread: number): void => this.board.clear(thread);

  fail(_unit: number, { thread, deaths, cause }: UnitDeath): void {
    const detail = `it died at the same rows as ${deaths - 1} before (${messageOf(cause)})`;
    this.panic ??= new IndexingError('ThreadPanic', detail, { threadId: thread, during: 'search', cause });
    // Without these rows the others are of no use.
    this.control.drop(0, this.control.unitCount);
  }

  threadDied(thread: number, cause: unknown): void {
    this.#scope.warn(`Thread ${thread} died during a search and is replaced (${messageOf(cause)})`);
  }

  /** The number of the first query of a call in the pass. */
  firstQueryOf(call: PassQueries): number {
    return this.#firstQueries.get(call)!;
  }

  leave(): void {
    if (--this.#wanted === 0) this.control.drop(0, this.control.unitCount);
  }
}

/** Does the pass at once, on the calling thread: for a single call whose rows are few. */
export class SearchHere {
  readonly #scope: SearchScope;
  readonly #kept: KeptBoard;

  constructor(scope: SearchScope) {
    this.#scope = scope;
    this.#kept = new KeptBoard(scope.dims);
  }

  /** The board is good until the next call. */
  search(call: PassQueries): { readonly rows: PassRows; readonly board: SearchBoard } {
    const { metric, dims, searchKernel } = this.#scope;
    const rows = createPassRows([[call]]);
    const { segments, counts, firstSlots, groups } = rows;
    const board = this.#kept.for(groups[0]!);
    board.clear(0);
    placeQueries(board, [call], dims);
    const parts = segments.map((segment, i) => segment.searchPart(firstSlots[i]!, segment.layout.placeOfCaller));
    const pass = { searchKernel, metric, dims, parts, groups };
    let at = 0;
    const lane = new SearchLane(pass, board, 0, () => segments[at]!.open);
    for (; at < segments.length; at++) {
      for (let row = 0; row < counts[at]!; ) row += doNow(lane.scanSome(at, row, counts[at]!));
    }
    return { rows, board };
  }
}
