/**
 * Answers queries by a graph: as a job, of which threads claim some queries at a time, or at once on the calling thread.
 */
import { IndexingError, messageOf } from '../../base/errors.js';
import type { EngineCore } from '../../engine/engine-core.js';
import type { UnitDeath } from '../../engine/job.js';
import { type GraphOpener, GraphSearchLane, searchGraphs } from '../../engine/worker/graph-search-loop.js';
import type { GraphPlace, GraphQueryGroup, GraphSearchTask } from '../../engine/worker/graph-task.js';
import type { OpenGraph } from '../../engine/worker/open-graph.js';
import type { MemoryOpener } from '../../engine/worker/search-loop.js';
import type { SearchPart } from '../../engine/worker/search-task.js';
import type { UnitWork } from '../../engine/worker/unit-work.js';
import type { KernelSource } from '../../kernel/instantiate.js';
import { UNIT_WORDS } from '../../memory/control-block.js';
import { JobControl } from '../../memory/job-control.js';
import { SearchBoard } from '../../memory/search-board.js';
import type { Snapshot } from '../rows.js';
import type { SearchScope } from '../search-job.js';
import type { PassJob } from '../search-pass.js';
import {
  askTheSame,
  createPassRows,
  firstQueriesOf,
  gatherAlike,
  KeptBoard,
  type PassQueries,
  type PassRows,
  placeQueries,
  queriesOf,
} from '../search-pass.js';
import type { Segment } from '../segment.js';
import { doNow } from '../steps.js';
import type { GraphMoment } from './graph-rows.js';

export interface GraphSearchScope extends SearchScope {
  readonly graphKernel: KernelSource;
}

/** Queries of one call that a graph answers. */
export interface GraphQueries extends PassQueries {
  /** Calls that were made, where it stands for several. Default 1. */
  readonly calls?: number;
  readonly moment: GraphMoment;
  readonly effort: number;
  /** For every query of the call a row of the graph, part and row, that it is not to meet. */
  readonly leftOut: readonly (readonly [number, number])[] | undefined;
}

/** Least number of units for every thread, where there are enough queries. */
export const UNITS_PER_THREAD = 4;

export class GraphSearchJob implements PassJob {
  readonly what = 'search';
  readonly searches = true;
  readonly makesWay = true;
  readonly control: JobControl;
  readonly calls: number;
  readonly threads: number;
  readonly rows: PassRows;
  readonly board: SearchBoard;
  panic: IndexingError | undefined;
  readonly #scope: GraphSearchScope;
  readonly #firstQueries: ReadonlyMap<GraphQueries, number>;
  readonly #groups: readonly GraphQueryGroup[];
  readonly #open: ReadonlyMap<number, OpenGraph>;
  #wanted: number;

  /** @param queriesPerUnit so many take some milliseconds at most */
  constructor(
    core: EngineCore,
    scope: GraphSearchScope,
    calls: readonly GraphQueries[],
    { queriesPerUnit, timed }: { readonly queriesPerUnit: number; readonly timed: boolean },
  ) {
    const { dims, threads } = scope;
    this.#scope = scope;
    const alike = gatherAlike(calls, askTheGraphTheSame);
    const inOrder = alike.flat();
    this.#firstQueries = firstQueriesOf(inOrder);
    this.#wanted = calls.length;
    this.calls = calls.reduce((sum, { calls = 1 }) => sum + calls, 0);
    this.threads = threads;
    this.rows = createPassRows(alike);
    this.#groups = groupsOf(this.rows, alike);
    this.#open = openGraphsOf(calls);
    const total = queriesOf(calls);
    const most = Math.max(1, Math.min(queriesPerUnit, Math.ceil(total / (threads * UNITS_PER_THREAD))));
    const units = new Uint32Array(Math.ceil(total / most) * UNIT_WORDS);
    for (let first = 0, at = 0; first < total; first += most, at += UNIT_WORDS) {
      units.set([first, Math.min(most, total - first)], at);
    }
    this.control = JobControl.create(units, {
      threads,
      timed,
      extraBytes: SearchBoard.byteLength(dims, this.#groups, 1),
      shared: core.sharesMemory,
    });
    this.board = new SearchBoard(this.control.buffer, this.control.extra, dims, this.#groups, 1);
    placeQueries(this.board, inOrder, dims);
  }

  task(thread: number): GraphSearchTask {
    const { metric, dims, searchKernel, graphKernel } = this.#scope;
    const { segments, firstSlots } = this.rows;
    const parts = segments.map((segment, i) => segment.searchPart(firstSlots[i]!, segment.layout.place(thread)));
    const segmentNumbers = segments.map(({ number }) => number);
    const control = this.control.buffer;
    const groups = this.#groups;
    return {
      type: 'graph-search',
      searchKernel,
      graphKernel,
      metric,
      dims,
      thread,
      control,
      parts,
      segmentNumbers,
      groups,
    };
  }

  open(thread: number): UnitWork {
    const byKey = new Map<number, Segment>(this.rows.segments.map((segment) => [segment.memory.key, segment]));
    const openMemory = (_: unknown, { key }: { readonly key: number }) => byKey.get(key)!.open;
    return searchGraphs(this.task(thread), openMemory, ({ key }) => this.#open.get(key)!);
  }

  fail(_unit: number, { thread, deaths, cause }: UnitDeath): void {
    const detail = `it died at the same query as ${deaths - 1} before (${messageOf(cause)})`;
    this.panic ??= new IndexingError('ThreadPanic', detail, { threadId: thread, during: 'search', cause });
    this.control.drop(0, this.control.unitCount);
  }

  threadDied(thread: number, cause: unknown): void {
    this.#scope.warn(`Thread ${thread} died during a search and is replaced (${messageOf(cause)})`);
  }

  firstQueryOf(call: GraphQueries): number {
    return this.#firstQueries.get(call)!;
  }

  leave(): void {
    if (--this.#wanted === 0) this.control.drop(0, this.control.unitCount);
  }

  /** Milliseconds that all queries took on their threads, together; of a job that is timed. */
  get totalMs(): number {
    let total = 0;
    for (let unit = 0; unit < this.control.unitCount; unit++) {
      total += Math.max(0, this.control.endedAtMs(unit) - this.control.claimedAtMs(unit));
    }
    return total;
  }
}

/** Facts that all searches of a snapshot have in common. */
interface SnapshotView {
  readonly moment: GraphMoment;
  readonly rows: PassRows;
  readonly group: GraphQueryGroup;
  readonly parts: readonly SearchPart[];
  readonly segmentNumbers: readonly number[];
  readonly openMemory: MemoryOpener;
  readonly openGraph: GraphOpener;
  /** State that answered the last call. The next call is often like it. */
  last: { readonly board: SearchBoard; readonly effort: number; readonly lane: GraphSearchLane } | undefined;
}

/** On the calling thread. */
export class GraphSearchHere {
  readonly #scope: GraphSearchScope;
  readonly #kept: KeptBoard;
  /** As long as somebody has the snapshot. */
  readonly #views = new WeakMap<Snapshot, SnapshotView>();

  constructor(scope: GraphSearchScope) {
    this.#scope = scope;
    this.#kept = new KeptBoard(scope.dims);
  }

  /** The board is good until the next call. */
  search(call: GraphQueries): { readonly rows: PassRows; readonly board: SearchBoard } {
    const view = this.#viewOf(call);
    const board = this.#kept.for({ queryCount: call.count, k: call.k, candidates: call.candidates });
    placeQueries(board, [call], this.#scope.dims);
    const lane = this.#laneFor(view, board, call);
    for (let query = 0; query < call.count; query++) doNow(lane.search(query));
    return { rows: view.rows, board };
  }

  #laneFor(view: SnapshotView, board: SearchBoard, call: GraphQueries): GraphSearchLane {
    const { count, k, candidates, effort, first, leftOut } = call;
    if (!leftOut && view.last?.board === board && view.last.effort === effort) return view.last.lane;
    const { metric, dims, searchKernel } = this.#scope;
    const { parts, segmentNumbers, openMemory, openGraph } = view;
    const own = { queryCount: count, k, candidates, effort, leftOut: leftOut?.slice(first, first + count) };
    const pass = { searchKernel, metric, dims, parts, segmentNumbers, groups: [{ ...view.group, ...own }] };
    const lane = new GraphSearchLane(pass, board, openMemory, openGraph, placeOfCaller);
    view.last = leftOut ? undefined : { board, effort, lane };
    return lane;
  }

  #viewOf(call: GraphQueries): SnapshotView {
    const { snapshot, moment } = call;
    const known = this.#views.get(snapshot);
    if (known?.moment === moment) return known;
    const rows = createPassRows([[call]]);
    const { segments, firstSlots } = rows;
    const byKey = new Map<number, Segment>(segments.map((segment) => [segment.memory.key, segment]));
    const open = openGraphsOf([call]);
    const view = {
      moment,
      rows,
      group: groupsOf(rows, [[call]])[0]!,
      parts: segments.map((segment, i) => segment.searchPart(firstSlots[i]!, segment.layout.placeOfCaller)),
      segmentNumbers: segments.map(({ number }) => number),
      openMemory: (_: unknown, { key }: { readonly key: number }) => byKey.get(key)!.open,
      openGraph: ({ key }: GraphPlace) => open.get(key)!,
      last: undefined,
    };
    this.#views.set(snapshot, view);
    return view;
  }
}

function placeOfCaller({ lanes }: GraphPlace): number {
  return lanes;
}

function askTheGraphTheSame(one: GraphQueries, other: GraphQueries): boolean {
  const isSameWalk = one.moment === other.moment && one.effort === other.effort;
  return isSameWalk && !one.leftOut && !other.leftOut && askTheSame(one, other);
}

function groupsOf({ segments, groups }: PassRows, alike: readonly (readonly GraphQueries[])[]): GraphQueryGroup[] {
  return alike.map((calls, i): GraphQueryGroup => {
    const { moment, effort, leftOut, first, count } = calls[0]!;
    const group = groups[i]!;
    const waiting: number[] = [];
    for (const { segment, first, count } of moment.waiting) {
      const part = segments.indexOf(segment);
      // A call sees no rows that came after it.
      const last = Math.min(first + count, group.rowCounts[part] ?? 0);
      if (last > first) waiting.push(part, first, last - first);
    }
    const graphs = moment.parts.map(({ part, places, filtered }) => ({ graph: part.place, places, filtered }));
    return { ...group, effort, graphs, waiting, leftOut: leftOut?.slice(first, first + count) };
  });
}

function openGraphsOf(calls: readonly GraphQueries[]): ReadonlyMap<number, OpenGraph> {
  const parts = calls.flatMap(({ moment }) => moment.parts.map(({ part }) => part));
  return new Map(parts.map((part) => [part.memory.key, part.open]));
}
