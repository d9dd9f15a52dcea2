/**
 * What a lane does to make the records of a graph: it brings rows of the index into the graph's memory, and codes them there. Records that are
 * made twice are the same.
 */

import { clearParents, noteLongRow } from '../../kernel/graph/graph-memory.js';
import { liftOf } from '../../kernel/graph/graph-space.js';
import { UnitControl } from '../../memory/control-block.js';
import { type GraphLanePlace, stagedRows } from '../../memory/graph-part-layout.js';
import { type GraphInsertTask, type GraphRecordsTask, type GraphSource, NOWHERE } from './graph-task.js';
import type { OpenGraph } from './open-graph.js';
import { copyRowInto } from './row-copy.js';
import type { UnitWork } from './unit-work.js';

/** Components between two looks at the clock: some tenths of a millisecond. */
const SLICE_COMPONENTS = 2 ** 17;

/** Makes the records of rows whose lists come from elsewhere. Rows of the part that are no rows of the index get none. */
export function makeRecords(task: GraphRecordsTask, open: OpenGraph): UnitWork {
  const control = new UnitControl(task.control);
  const records = new RecordMaker(task, open);
  const places = new Uint32Array(task.places);
  const { layout, words } = open;
  const slice = Math.max(1, Math.floor(SLICE_COMPONENTS / task.graph.dims));

  function* slices(unit: number): Generator<void, void, void> {
    const first = control.word(unit, 0);
    const last = first + control.word(unit, 1);
    for (let row = first, until = first + slice; row < last; ) {
      const count = records.rowsTogether(row, last);
      if (places[2 * row] !== NOWHERE) {
        records.make(row, count);
        clearParents(words, layout.levels, row, count);
      }
      row += count;
      if (row < until) continue;
      yield;
      until = row + slice;
    }
    control.recordDone(unit, task.thread);
  }

  return { slices };
}

export class RecordMaker {
  /** Rows whose records it makes at a time. */
  readonly most: number;
  readonly #open: OpenGraph;
  readonly #task: GraphInsertTask | GraphRecordsTask;
  readonly #places: Uint32Array;
  readonly #sources: ReadonlyMap<number, GraphSource & { readonly floats: Float32Array }>;

  constructor(task: GraphInsertTask | GraphRecordsTask, open: OpenGraph) {
    this.#open = open;
    this.#task = task;
    this.#places = new Uint32Array(task.places);
    this.#sources = new Map(
      task.segments.map((source) => [source.number, { ...source, floats: new Float32Array(source.memory.buffer) }]),
    );
    this.most = stagedRows(task.graph.dims);
  }

  /** How many rows from `row` on, `most` at most and before `last`, follow each other in the index, too. */
  rowsTogether(row: number, last: number): number {
    const places = this.#places;
    const segment = places[2 * row]!;
    const end = Math.min(last, row + this.most);
    const offset = places[2 * row + 1]! - row;
    let next = row + 1;
    while (next < end && places[2 * next] === segment && places[2 * next + 1]! - next === offset) next++;
    return next - row;
  }

  /** Makes the records of `count` rows of the part, `most` at most, from `first` on, but for their parents. */
  make(first: number, count: number): void {
    const { dims } = this.#task.graph;
    const { kernel, layout } = this.#open;
    const place = this.#open.place(this.#task.thread);
    for (let done = 0; done < count; ) {
      const together = this.rowsTogether(first + done, first + count);
      this.#copyIn(first + done, together, done, place);
      done += together;
    }
    kernel.encode(layout.graph.base, place.rows, first, count, dims, place.lifts);
  }

  /** Copies `count` rows that follow each other in the index to places from number `at` on. */
  #copyIn(first: number, count: number, at: number, place: GraphLanePlace): void {
    const { dims, metric, radius } = this.#task.graph;
    const { floats, layout, buffer } = this.#open;
    const source = this.#sources.get(this.#places[2 * first]!)!;
    const row = this.#places[2 * first + 1]!;
    const target = place.rows / 4 + at * dims;
    if (source.form === 'float32') {
      floats.set(source.floats.subarray(row * dims, (row + count) * dims), target);
    } else {
      for (let i = 0; i < count; i++) {
        copyRowInto(floats.subarray(target + i * dims, target + (i + 1) * dims), source.memory.buffer, source, row + i);
      }
    }
    if (metric !== 'dot') return;
    for (let i = 0; i < count; i++) {
      const magnitude = source.floats[source.magnitudes / 4 + row + i]!;
      floats[place.lifts / 4 + at + i] = liftOf(magnitude, radius);
      if (magnitude > radius) noteLongRow(buffer, layout.graph);
    }
  }
}
