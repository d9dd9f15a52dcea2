/**
 * What a lane does to put rows into a graph: it brings each row into the graph's memory, makes its record, and links it. When a lane dies,
 * its rows are put in again. A row that is in the graph already stays as it is, so doing a unit twice does no harm.
 */

import { nowMs } from '../../base/time.js';
import { DONE } from '../../kernel/graph/graph-kernel.js';
import { type GraphLayout, rowAbove } from '../../kernel/graph/graph-layout.js';
import { clearRow } from '../../kernel/graph/graph-memory.js';
import { UnitControl } from '../../memory/control-block.js';
import { RecordMaker } from './graph-records.js';
import { type GraphInsertTask, GraphItems, type GraphMendTask, HAS_RECORD, IN_GRAPH, NEW_ROW } from './graph-task.js';
import type { OpenGraph } from './open-graph.js';
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
  readonly #maker: RecordMaker;

  constructor(task: GraphInsertTask, open: OpenGraph, items: GraphItems) {
    this.#open = open;
    this.#items = items;
    this.#maker = new RecordMaker(task, open);
  }

  /** Makes the missing records of some items, from `item` on. Returns how many items there are. */
  make(item: number, last: number): number {
    const { rows, states } = this.#items;
    const first = rows[item]!;
    let some = 0;
    // The kernel makes the records of rows that follow each other.
    while (some < this.#maker.most && item + some < last && rows[item + some] === first + some) some++;
    let isNew = false;
    for (let i = item; i < item + some && !isNew; i++) isNew = states[i] === NEW_ROW;
    if (!isNew) return some;
    for (let i = 0; i < some; i++) if (states[item + i] === NEW_ROW) this.#clear(first + i);
    this.#maker.make(first, some);
    for (let i = 0; i < some; i++) if (states[item + i] === NEW_ROW) states[item + i] = HAS_RECORD;
    return some;
  }

  /** Clears a row in this graph, and in those above that have it. */
  #clear(row: number): void {
    const { words, layout } = this.#open;
    clearRow(words, layout.graph, row);
    let at = rowAbove(row);
    for (let level = 1; at !== undefined && level < layout.levels.length; level++) {
      clearRow(words, layout.levels[level]!, at);
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
