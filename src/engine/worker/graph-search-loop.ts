/**
 * What a lane does to answer queries by a graph: it walks to the nearest rows, scores them in float64, and scans the rows that
 * are in no graph yet. Whatever the graph says, a hit is a row that its call sees, with its exact score.
 */

import { nowMs } from '../../base/time.js';
import { UnitControl } from '../../memory/control-block.js';
import { MAX_EFFORT } from '../../memory/graph-part-layout.js';
import { type Board, SearchBoard } from '../../memory/search-board.js';
import type { GraphPass, GraphPlace, GraphQueryGroup, GraphSearchTask } from './graph-task.js';
import type { OpenGraph } from './open-graph.js';
import { type MemoryOpener, SearchLane } from './search-loop.js';
import type { UnitWork } from './unit-work.js';

/** Gives the kernel on the memory of a part of a graph. */
export type GraphOpener = (graph: GraphPlace) => OpenGraph;

export function searchGraphs(task: GraphSearchTask, openMemory: MemoryOpener, openGraph: GraphOpener): UnitWork {
  const control = new UnitControl(task.control);
  const { thread } = task;
  const board = new SearchBoard(task.control, control.extra, task.dims, task.groups, 1);
  const lane = new GraphSearchLane(task, board, openMemory, openGraph, () => thread);

  function* slices(unit: number): Generator<void, void, void> {
    if (control.timed) control.recordClaimedAt(unit, nowMs());
    const first = control.word(unit, 0);
    const last = first + control.word(unit, 1);
    for (let query = first; query < last; query++) {
      yield* lane.search(query);
      if (query + 1 < last) yield;
    }
    control.recordDone(unit, thread, 0, control.timed ? nowMs() : undefined);
  }

  return { slices };
}

/** A group, the number of its first query, and what scores rows for its queries. */
interface QueriesOfGroup {
  readonly group: GraphQueryGroup;
  readonly first: number;
  exact: SearchLane | undefined;
}

export class GraphSearchLane {
  readonly #pass: GraphPass;
  readonly #board: SearchBoard;
  readonly #openMemory: MemoryOpener;
  readonly #openGraph: GraphOpener;
  readonly #laneOf: (graph: GraphPlace) => number;
  /** The group of every query. */
  readonly #groups: QueriesOfGroup[] = [];

  /** @param laneOf where in a graph's memory this lane works */
  constructor(
    pass: GraphPass,
    board: SearchBoard,
    openMemory: MemoryOpener,
    openGraph: GraphOpener,
    laneOf: (graph: GraphPlace) => number,
  ) {
    this.#pass = pass;
    this.#board = board;
    this.#openMemory = openMemory;
    this.#openGraph = openGraph;
    this.#laneOf = laneOf;
    for (const group of pass.groups) {
      const queries = { group, first: this.#groups.length, exact: undefined };
      for (let i = 0; i < group.queryCount; i++) this.#groups.push(queries);
    }
  }

  /** Finds the hits of one query, slice by slice. A lane may have died at it before. */
  *search(query: number): Generator<void, void> {
    const queries = this.#groups[query]!;
    const { group, first } = queries;
    const board = this.#board.only(query);
    this.#board.clearQuery(query);
    const exact = this.#exactFor(queries, board);
    const found = yield* this.#walk(group, board.queries, group.leftOut?.[query - first], exact);
    for (const [part, rows] of found) for (const row of rows) exact.offer(part, 0, row);
    const { waiting } = group;
    for (let i = 0; i < waiting.length; i += 3) {
      const last = waiting[i + 1]! + waiting[i + 2]!;
      for (let row = waiting[i + 1]!; row < last; ) {
        row += yield* exact.scanSome(waiting[i]!, row, last);
        yield;
      }
    }
  }

  /** Scores rows for a query of a group: one after the other, since its queries share one. */
  #exactFor(queries: QueriesOfGroup, board: Board): SearchLane {
    if (queries.exact) {
      queries.exact.restart(board);
      return queries.exact;
    }
    const { searchKernel, metric, dims, parts } = this.#pass;
    const pass = { searchKernel, metric, dims, parts, groups: [{ ...queries.group, queryCount: 1 }] };
    queries.exact = new SearchLane(pass, board, 0, this.#openMemory);
    return queries.exact;
  }

  /** Finds the candidates that may be hits, in all parts of the graph. Gives them by the part of the rows that they are in. */
  *#walk(
    group: GraphQueryGroup,
    query: Float32Array,
    leftOut: readonly [number, number] | undefined,
    exact: SearchLane,
  ): Generator<void, Map<number, number[]>> {
    const found = new Map<number, number[]>();
    for (const [i, { graph, places: buffer, filtered }] of group.graphs.entries()) {
      const open = this.#openGraph(graph);
      const limit = filtered ? MAX_EFFORT : group.effort;
      const hidden = leftOut?.[0] === i ? leftOut[1] : undefined;
      const places = new Uint32Array(buffer);
      const partOf = (node: number) => this.#partOf(places[2 * node]!, places[2 * node + 1]!, group);
      const isHit = (node: number) => {
        const part = partOf(node);
        const row = places[2 * node + 1]!;
        return part !== -1 && !isWaiting(group.waiting, part, row) && exact.wants(part, 0, row);
      };
      const lane = this.#laneOf(graph);
      const nodes = yield* open.walk(lane, query, group.effort, limit, filtered, hidden, group.k, isHit);
      for (const node of nodes) {
        const part = partOf(node);
        const row = places[2 * node + 1]!;
        const rowsOfPart = found.get(part);
        if (rowsOfPart) rowsOfPart.push(row);
        else found.set(part, [row]);
      }
    }
    return found;
  }

  /** The part of the rows that a row of a segment is in; -1 where a call does not see it. */
  #partOf(segment: number, row: number, { rowCounts }: GraphQueryGroup): number {
    const { segmentNumbers } = this.#pass;
    // Numbers of segments are used again: that of this call is one that it sees.
    for (let part = 0; part < segmentNumbers.length; part++) {
      if (segmentNumbers[part] === segment && row < rowCounts[part]!) return part;
    }
    return -1;
  }
}

function isWaiting(spans: readonly number[], part: number, row: number): boolean {
  for (let i = 0; i < spans.length; i += 3) {
    if (spans[i] === part && row >= spans[i + 1]! && row < spans[i + 1]! + spans[i + 2]!) return true;
  }
  return false;
}
