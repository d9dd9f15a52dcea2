/**
 * What a lane does to put rows into a graph: it brings each row into the graph's memory, makes its record, and links it. When a lane dies,
 * its rows are put in again. A row that is in the graph already stays as it is, so doing a unit twice does no harm.
 */

import { nowMs } from '../../base/clock.js';
import { DONE } from '../../kernel/graph/graph-kernel.js';
import { type GraphLayout, rowAbove } from '../../kernel/graph/graph-layout.js';
import { clearParent, clearRow, noteLongRow } from '../../kernel/graph/graph-memory.js';
import { liftOf } from '../../kernel/graph/graph-space.js';
import { type GraphLanePlace, stagedRows } from '../../memory/graph-part-layout.js';
import { UnitControl } from '../../memory/unit-control.js';
import {
  type GraphInsertTask,
  GraphItems,
  type GraphMendTask,
  type GraphSource,
  HAS_RECORD,
  IN_GRAPH,
  NEW_ROW,
} from './graph-task.js';
import type { OpenGraph } from './open-graph.js';
import { copyRowInto } from './row-copy.js';
import type { UnitWork } from './unit-work.js';

/** Tags that name threads in lists: 1 to 511. */
export function tagOf(thread: number): number {
  return thread + 1;
}

export function insertRows(task: GraphInsertTask, open: OpenGraph): UnitWork {
  const control = new UnitControl(task.control);
  let total = 0;
  for (let unit = 0; unit < control.unitCount; unit++) total += control.word(unit, 1);
  const items = new GraphItems(task.control, control.extra, total);
  const records = new Records(task, open, items);
  const { thread, effort } = task;
  const { graph } = open.layout;

  function* slices(unit: number): Generator<void, void, void> {
    if (control.timed) control.recordClaimedAt(unit, nowMs());
    const first = control.word(unit, 0);
    const last = first + control.word(unit, 1);
    for (let item = first; item < last; ) {
      const some = records.make(item, last);
      yield;
      if (effort === 0) {
        item += some;
        control.recordRowsDone(unit, item - first);
        continue;
      }
      for (const end = item + some; item < end; item++) {
        if (items.states[item] !== IN_GRAPH) {
          yield* putIn(open, graph, thread, items.rows[item]!, effort, 0);
          items.states[item] = IN_GRAPH;
        }
        control.recordRowsDone(unit, item + 1 - first);
      }
    }
    control.recordDone(unit, thread, 0, control.timed ? nowMs() : undefined);
  }

  return { slices };
}

/** Links a row that has a record, in steps of bounded work. */
function* putIn(
  open: OpenGraph,
  level: GraphLayout,
  thread: number,
  row: number,
  effort: number,
  lost: number,
): Generator<void, void> {
  const { kernel, budget } = open;
  const { base } = open.place(thread).scratch;
  let state = kernel.beginInsert(level.base, base, row, effort, lost);
  while (state !== DONE) {
    state = kernel.insert(base, tagOf(thread), budget);
    if (state !== DONE) yield;
  }
}

/** Makes the records of items. */
class Records {
  readonly #open: OpenGraph;
  readonly #items: GraphItems;
  readonly #task: GraphInsertTask;
  readonly #places: Uint32Array;
  readonly #sources: ReadonlyMap<number, GraphSource & { readonly floats: Float32Array }>;
  readonly #most: number;

  constructor(task: GraphInsertTask, open: OpenGraph, items: GraphItems) {
    this.#open = open;
    this.#items = items;
    this.#task = task;
    this.#places = new Uint32Array(task.places);
    this.#sources = new Map(
      task.segments.map((source) => [source.number, { ...source, floats: new Float32Array(source.memory.buffer) }]),
    );
    this.#most = stagedRows(task.graph.dims);
  }

  /** Makes the missing records of some items, from `item` on. Returns how many items there are. */
  make(item: number, last: number): number {
    const { dims } = this.#task.graph;
    const { rows, states } = this.#items;
    const { kernel, layout } = this.#open;
    const place = this.#open.place(this.#task.thread);
    const first = rows[item]!;
    let some = 0;
    // The kernel makes the records of rows that follow each other.
    while (some < this.#most && item + some < last && rows[item + some] === first + some) some++;
    let isNew = false;
    for (let i = item; i < item + some && !isNew; i++) isNew = states[i] === NEW_ROW;
    if (!isNew) return some;
    let copied = 0;
    while (copied < some) copied += this.#copyIn(first + copied, some - copied, copied, place);
    for (let i = 0; i < some; i++) if (states[item + i] === NEW_ROW) this.#clear(first + i);
    kernel.encode(layout.graph.base, place.rows, first, some, dims, place.lifts);
    for (let i = 0; i < some; i++) if (states[item + i] === NEW_ROW) states[item + i] = HAS_RECORD;
    return some;
  }

  /** Copies rows from `node` on to places from number `at` on: those that follow each other in a segment, too, `most` at most. Returns how many. */
  #copyIn(node: number, most: number, at: number, place: GraphLanePlace): number {
    const { dims, metric, radius } = this.#task.graph;
    const { floats, layout, buffer } = this.#open;
    const number = this.#places[2 * node]!;
    const row = this.#places[2 * node + 1]!;
    const source = this.#sources.get(number)!;
    let count = 1;
    while (
      count < most &&
      this.#places[2 * (node + count)] === number &&
      this.#places[2 * (node + count) + 1] === row + count
    ) {
      count++;
    }
    const target = place.rows / 4 + at * dims;
    if (source.form === 'float32') {
      floats.set(source.floats.subarray(row * dims, (row + count) * dims), target);
    } else {
      for (let i = 0; i < count; i++) {
        copyRowInto(floats.subarray(target + i * dims, target + (i + 1) * dims), source.memory.buffer, source, row + i);
      }
    }
    if (metric !== 'dot') return count;
    for (let i = 0; i < count; i++) {
      const magnitude = source.floats[source.magnitudes / 4 + row + i]!;
      floats[place.lifts / 4 + at + i] = liftOf(magnitude, radius);
      if (magnitude > radius) noteLongRow(buffer, layout.graph);
    }
    return count;
  }

  /** Clears a row in this graph and in those above that have it. With effort 0 only its parent is cleared: its lists come from elsewhere. */
  #clear(row: number): void {
    const { words, layout } = this.#open;
    const clear = this.#task.effort === 0 ? clearParent : clearRow;
    clear(words, layout.graph, row);
    let at = rowAbove(row);
    for (let level = 1; at !== undefined && level < layout.levels.length; level++) {
      clear(words, layout.levels[level]!, at);
      at = rowAbove(at);
    }
  }
}

/** Mends lists, or puts rows of one graph in again that cannot be reached. */
export function mendRows(task: GraphMendTask, open: OpenGraph): UnitWork {
  const control = new UnitControl(task.control);
  const { thread, level, effort } = task;
  const graph = open.layout.levels[level]!;
  const kept = open.layout.kept[level]!;
  const lost = task.lost && new Uint32Array(task.lost);
  const bits = new Uint8Array(open.buffer, kept, Math.ceil(graph.capacity / 8));

  function* slices(unit: number): Generator<void, void, void> {
    const first = control.word(unit, 0);
    const last = first + control.word(unit, 1);
    for (let i = first; i < last; i++) {
      if (lost) {
        yield* putIn(open, graph, thread, lost[i]!, effort, 1);
      } else if ((bits[i >> 3]! >> (i & 7)) & 1) {
        const { base } = open.place(thread).scratch;
        while (open.kernel.mend(graph.base, base, tagOf(thread), i, kept, effort) !== DONE) yield;
        yield;
      }
    }
    control.recordDone(unit, thread);
  }

  return { slices };
}
