/**
 * One pass over the rows for the queries of any number of calls: each with its own snapshot, filter and number of hits. A call joins a pass and
 * waits for it. When its signal is aborted it stops waiting, and the pass goes on for the others.
 */
import type { IndexingError } from '../base/errors.js';
import { onAbort } from '../base/signals.js';
import type { Gathering, WaitingCall } from '../engine/gathering.js';
import type { Job } from '../engine/job.js';
import type { QueryGroup, RowBlock } from '../engine/worker/search-task.js';
import { queryBytes } from '../kernel/search/search-kernel.js';
import { type QueryCounts, SearchBoard } from '../memory/search-board.js';
import { rowsPerCall } from '../memory/segment-layout.js';
import type { PreparedQueries } from './queries.js';
import type { Snapshot } from './rows.js';
import type { Segment } from './segment.js';

/** Queries of one call that take part in a pass. */
export interface PassQueries {
  /** Snapshot of the call; it has at least one row. */
  readonly snapshot: Snapshot;
  readonly queries: PreparedQueries;
  /** The first of the queries; `count` of them take part. */
  readonly first: number;
  readonly count: number;
  /** Hits to be found of each; no more than there are rows, and at least 1, but with candidates: see QueryGroup. */
  readonly k: number;
  /** Room for candidates; see QueryGroup. */
  readonly candidates?: number | undefined;
  /** For every segment, the rows that may be hits; undefined: all may. */
  readonly accepted: readonly ArrayBufferLike[] | undefined;
  /** For every query of the call, the least key of a hit; undefined: any will do. */
  readonly leastKeys: readonly number[] | undefined;
}

/** The rows of a pass. */
export interface PassRows {
  readonly segments: readonly Segment[];
  /** Rows of each that any of the queries sees. */
  readonly counts: readonly number[];
  /** The slot of the first row of every segment. */
  readonly firstSlots: readonly number[];
  readonly slotCount: number;
  readonly groups: readonly QueryGroup[];
}

/** Multiply-adds of a block. The last thread to finish may keep the others waiting for as many. */
const BLOCK_WORK = 2 ** 19;
/** Most blocks of a pass. With more, the blocks become larger. */
const MAX_BLOCKS = 2 ** 14;

/** Calls that ask the same of the same rows are one group: threads are told of each group, and prepare for it. */
export function gatherAlike<Call>(calls: readonly Call[], areAlike: (one: Call, other: Call) => boolean): Call[][] {
  const groups: Call[][] = [];
  for (const call of calls) {
    const group = groups.find(([first]) => areAlike(first!, call));
    if (group) group.push(call);
    else groups.push([call]);
  }
  return groups;
}

export function askTheSame(one: PassQueries, other: PassQueries): boolean {
  return (
    one.snapshot === other.snapshot &&
    one.k === other.k &&
    one.candidates === other.candidates &&
    one.accepted === other.accepted
  );
}

/** @param alike calls in groups of those that ask the same, as the pass has their queries */
export function createPassRows(alike: readonly (readonly PassQueries[])[]): PassRows {
  const segments = segmentsOf(alike);
  const counts = segments.map(() => 0);
  const groups = alike.map((calls): QueryGroup => {
    const { snapshot, k, candidates, accepted } = calls[0]!;
    const count = queriesOf(calls);
    const isSame = snapshot.segments === segments;
    const at = segments.map((segment, i) => (isSame ? i : snapshot.segments.indexOf(segment)));
    const rowCounts = at.map((i) => snapshot.counts[i] ?? 0);
    for (const [i, rows] of rowCounts.entries()) counts[i] = Math.max(counts[i]!, rows);
    const bits = accepted && at.map((i) => accepted[i] ?? NO_BITS);
    return { queryCount: count, k, candidates, version: snapshot.version, rowCounts, accepted: bits };
  });
  let slotCount = 0;
  const firstSlots = counts.map((count) => {
    const first = slotCount;
    slotCount += count;
    return first;
  });
  return { segments, counts, firstSlots, slotCount, groups };
}

const NO_BITS = new ArrayBuffer(0);

/**
 * All segments of the snapshots of some calls, in an order that is right for each of them. Segments keep their order as long as they are
 * there, and those that are gone do not come back: so one that is new comes behind the one that it follows in its snapshot.
 */
function segmentsOf(alike: readonly (readonly PassQueries[])[]): readonly Segment[] {
  let all = alike[0]![0]!.snapshot.segments;
  for (const [first] of alike) {
    const { snapshot } = first!;
    if (snapshot.segments === all) continue;
    const merged = [...all];
    let behind = 0;
    for (const segment of snapshot.segments) {
      const at = merged.indexOf(segment);
      if (at === -1) merged.splice(behind++, 0, segment);
      else behind = at + 1;
    }
    all = merged;
  }
  return all;
}

/** Writes the queries and their least keys. */
export function placeQueries(board: SearchBoard, calls: readonly PassQueries[], dims: number): void {
  const stride = queryBytes(dims) / 4;
  let query = 0;
  for (const { queries, leastKeys, first, count } of calls) {
    const all = first === 0 && count === queries.count;
    const data = all ? queries.data : queries.data.subarray(first * stride, (first + count) * stride);
    board.queries.set(data, query * stride);
    if (leastKeys) board.leastKeys.set(leastKeys.slice(first, first + count), query);
    else board.leastKeys.fill(Number.NEGATIVE_INFINITY, query, query + count);
    query += count;
  }
}

/** A span of slots: from the first to before the last. */
export interface SlotSpan {
  readonly first: number;
  readonly last: number;
}

/** The blocks of rows that threads claim, of all rows or those of a span. */
export function blocksOf(
  { counts, firstSlots, slotCount }: PassRows,
  dims: number,
  queryCount: number,
  span: SlotSpan = { first: 0, last: slotCount },
): RowBlock[] {
  const most = Math.max(
    rowsPerCall(dims, queryCount),
    Math.floor(BLOCK_WORK / (dims * queryCount)),
    Math.ceil(slotCount / MAX_BLOCKS),
  );
  const blocks: RowBlock[] = [];
  for (const [part, count] of counts.entries()) {
    const end = Math.min(count, span.last - firstSlots[part]!);
    for (let first = Math.max(0, span.first - firstSlots[part]!); first < end; first += most)
      blocks.push({ part, first, count: Math.min(most, end - first) });
  }
  return blocks;
}

/** Queries of some calls together. */
export function queriesOf(calls: readonly Pick<PassQueries, 'count'>[]): number {
  return calls.reduce((sum, { count }) => sum + count, 0);
}

/** The number of the first query of each call of a pass. */
export function firstQueriesOf<Call extends PassQueries>(calls: readonly Call[]): ReadonlyMap<Call, number> {
  const firsts = new Map<Call, number>();
  let before = 0;
  for (const call of calls) {
    firsts.set(call, before);
    before += call.count;
  }
  return firsts;
}

/** The board of calls that are answered at once, one after another: kept for the next one with as many queries and hits. */
export class KeptBoard {
  readonly #dims: number;
  #board: SearchBoard | undefined;
  #shape: QueryCounts = { queryCount: 0, k: 0 };

  constructor(dims: number) {
    this.#dims = dims;
  }

  /** The results of the last call may still be on it. */
  for({ queryCount, k, candidates }: QueryCounts): SearchBoard {
    const before = this.#shape;
    if (!this.#board || before.queryCount !== queryCount || before.k !== k || before.candidates !== candidates) {
      const shape = { queryCount, k, candidates };
      const bytes = SearchBoard.byteLength(this.#dims, [shape], 1);
      this.#board = new SearchBoard(new ArrayBuffer(bytes), 0, this.#dims, [shape], 1);
      this.#shape = shape;
    }
    return this.#board;
  }
}

/** A pass of several calls. */
export interface PassJob extends Job {
  /** The error that ended it early. */
  readonly panic: IndexingError | undefined;
  /** Takes in that a call does not want its hits any more. */
  leave(): void;
}

/** A call that waits, and then the pass that it takes part in. */
export interface JoiningCall<J extends PassJob> extends WaitingCall {
  job?: J;
}

/** Gives the pass when it is over. Rejects with `signal.reason`, and with what ended the pass. */
export async function joinPass<J extends PassJob, Call extends JoiningCall<J>>(
  gathering: Gathering<Call, J>,
  call: Call,
  passes: Set<Promise<unknown>>,
  signal: AbortSignal,
): Promise<J> {
  signal.throwIfAborted();
  const { done, leave } = gathering.enter(call);
  passes.add(done);
  const job = await new Promise<J | undefined>((resolve, reject) => {
    const stop = () => {
      leave();
      call.job?.leave();
      reject(signal.reason);
    };
    const unlink = onAbort(signal, stop);
    const settle = () => {
      passes.delete(done);
      unlink();
    };
    done.then(settle, settle);
    done.then(resolve, reject);
  });
  if (!job) throw signal.reason;
  if (job.panic) throw job.panic;
  return job;
}
