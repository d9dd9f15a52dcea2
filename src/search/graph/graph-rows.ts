/**
 * Which rows of an index are in its graph, and where: the parts of the graph, and the rows that wait to be put in. At every moment each row
 * of the index is in one of the two. A row that is being put in counts as waiting.
 */

import { NOWHERE } from '../../engine/worker/graph-task.js';
import { isAlive, isThere } from '../../memory/deaths.js';
import { type Place, placeOf, rowOf } from '../id-table.js';
import { type KeptRows, keptBefore } from '../kept-rows.js';
import type { RowRoom, Rows, Snapshot } from '../rows.js';
import type { Segment } from '../segment.js';
import type { Steps } from '../steps.js';
import { createWords, type GraphPart } from './graph-part.js';

/** The graph and the rows that wait, at some moment; never changed. */
export interface GraphMoment {
  readonly parts: readonly { readonly part: GraphPart; readonly places: ArrayBufferLike; readonly filtered: boolean }[];
  /** Rows that wait. The dead are among them. */
  readonly waiting: readonly RowRoom[];
  /** Number of rows that wait. */
  readonly waitingCount: number;
}

/** Rows between two steps. */
const STRIDE = 2 ** 12;

export class GraphRows {
  /** Rows of a part but the last one: as many as a memory holds. */
  readonly #maxRows: number;
  #parts: GraphPart[] = [];
  /** Rows that wait, and those of them that are being put in. */
  #waiting: readonly RowRoom[] = [];
  #inFlight: readonly RowRoom[] = [];
  /** For every row of a segment 1 + the number of its row of the graph: that of the part × maxRows + that in the part; 0: none. */
  readonly #nodes = new WeakMap<Segment, Uint32Array>();
  /** Counts the moments in which rows of the graph were given out, or taken back. */
  #version = 0;
  #moment: GraphMoment | undefined;

  /** @param maxRows most rows of a part */
  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  get version(): number {
    return this.#version;
  }

  get parts(): readonly GraphPart[] {
    return this.#parts;
  }

  /** Rows of the index that are in the graph. */
  get live(): number {
    return this.#parts.reduce((sum, { live }) => sum + live, 0);
  }

  /** Rows in the graph that are not in the index any more. */
  get gone(): number {
    return this.#parts.reduce((sum, { gone }) => sum + gone, 0);
  }

  /** Rows that wait, the dead among them, without those that are being put in. */
  get waitingCount(): number {
    return countOf(this.#waiting);
  }

  get moment(): GraphMoment {
    if (!this.#moment) {
      const waiting = [...this.#inFlight, ...this.#waiting];
      const parts = this.#parts.map((part) => ({ part, places: part.places.buffer, filtered: part.gone > 0 }));
      this.#moment = { parts, waiting, waitingCount: countOf(waiting) };
    }
    return this.#moment;
  }

  /** Makes a part the last one, in the place of one where it is a larger copy of that. */
  setLast(part: GraphPart, instead: GraphPart | undefined): void {
    if (instead) this.#parts[this.#parts.indexOf(instead)] = part;
    else this.#parts.push(part);
    this.#changed();
  }

  /** Lets go of all parts. Their rows are nowhere then. */
  clear(): GraphPart[] {
    const parts = this.#parts;
    this.#parts = [];
    this.#changed();
    return parts;
  }

  /** Tells that these rows are in the index now. They wait for the graph. */
  expect(rooms: readonly RowRoom[]): void {
    const waiting = [...this.#waiting];
    for (const room of rooms) {
      const last = waiting.at(-1);
      if (last?.segment === room.segment && last.first + last.count === room.first) {
        waiting[waiting.length - 1] = { ...last, count: last.count + room.count };
      } else if (room.count > 0) {
        waiting.push(room);
      }
    }
    this.#waiting = waiting;
    this.#moment = undefined;
  }

  /** Makes all rows of an index wait. */
  expectAll({ segments, counts }: Snapshot): void {
    this.expect(segments.map((segment, i) => ({ segment, first: 0, count: counts[i]! })));
  }

  /** Takes in that these rows are not in the index any more. */
  *forget(places: readonly Place[], rows: Rows): Steps<void> {
    for (const [i, place] of places.entries()) {
      const node = this.#nodes.get(rows.segmentAt(place))?.[rowOf(place)];
      if (node) {
        const [part, row] = this.#partOf(node);
        // A row that is being put in is looked at when it is in.
        part?.setGone(row);
      }
      if (i % STRIDE === STRIDE - 1) yield;
    }
    this.#moment = undefined;
  }

  /** Gives out rows of a part for as many as `most` rows that wait and are there. */
  takeWaiting(part: GraphPart, rows: Rows, most: number): { readonly rows: number[]; readonly segments: Segment[] } {
    const taken: number[] = [];
    const segments = new Set<Segment>();
    const inFlight: RowRoom[] = [];
    const left = [...this.#waiting];
    const room = Math.min(most, part.room);
    const base = this.#parts.indexOf(part) * this.#maxRows;
    // Up to `most` rows are looked at, however few of them are there.
    for (let looked = 0; looked < most && taken.length < room && left.length > 0; ) {
      const { segment, first, count } = left[0]!;
      const nodes = this.#nodesOf(segment);
      let row = first;
      for (; row < first + count && looked < most && taken.length < room; row++, looked++) {
        if (!isThere(segment.deaths, row, rows.version)) continue;
        const node = part.giveOut(segment.number, row);
        nodes[row] = base + node + 1;
        segments.add(segment);
        taken.push(node);
      }
      inFlight.push({ segment, first, count: row - first });
      if (row === first + count) left.shift();
      else left[0] = { segment, first: row, count: first + count - row };
    }
    this.#waiting = left;
    this.#inFlight = inFlight;
    this.#changed();
    return { rows: taken, segments: [...segments] };
  }

  /** Takes in that all rows that were taken are in the graph now. */
  finishTaking(part: GraphPart, taken: readonly number[], rows: Rows): void {
    for (const node of taken) {
      part.setLive(node);
      const segment = part.places[2 * node]!;
      const row = part.places[2 * node + 1]!;
      // The row may have died meanwhile, or its segment may be gone by now.
      if (segment === NOWHERE || !isThere(rows.segmentAt(placeOf(segment, row)).deaths, row, rows.version)) {
        part.setGone(node);
      }
    }
    this.#inFlight = [];
    this.#changed();
  }

  /** The rows that were taken wait again: none of them need be in the graph. Their rows of the part are given out again. */
  giveUpTaking(part: GraphPart, taken: readonly number[], rows: Rows): void {
    // Some may be in lists: they stay, as rows that are gone, until lists are mended.
    for (const node of taken) {
      part.setLive(node);
      part.setGone(node);
      this.#unset(part, node, rows);
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    this.expect([...this.#inFlight, ...waiting]);
    this.#inFlight = [];
    this.#changed();
  }

  /** Takes in that a row of a part is in no list any more. It can be given out again. */
  takeBack(part: GraphPart, node: number, rows: Rows): void {
    this.#unset(part, node, rows);
    part.free.push(node);
    part.gone--;
    this.#changed();
  }

  /**
   * Prepares for the moment in which a segment takes the place of others. Gives what is to be done in that moment. Nothing may change the
   * index meanwhile.
   */
  *prepareMove(kept: KeptRows, target: Segment | undefined): Steps<() => void> {
    for (;;) {
      const version = this.#version;
      const moved = this.#parts.map(({ places }) => createWords(places.length, isShared(places)));
      for (const [i, { places }] of this.#parts.entries()) {
        for (let at = 0; at < places.length; at += 16 * STRIDE) {
          moved[i]!.set(places.subarray(at, at + 16 * STRIDE), at);
          yield;
        }
      }
      const nodes = target && new Uint32Array(target.layout.capacity);
      for (const [at, segment] of kept.segments.entries()) {
        const before = this.#nodes.get(segment);
        if (!before) continue;
        let next = kept.starts[at]!;
        const end = kept.starts[at + 1]!;
        for (let row = 0; row < segment.count; row++) {
          const isKept = next < end && kept.rows[next] === row;
          const copy = isKept ? next++ : -1;
          const node = before[row]!;
          if (node === 0) continue;
          const [index, own] = [Math.floor((node - 1) / this.#maxRows), (node - 1) % this.#maxRows];
          const places = moved[index];
          if (!places) continue;
          places[2 * own] = isKept && target ? target.number : NOWHERE;
          places[2 * own + 1] = isKept ? copy : 0;
          if (isKept && nodes) nodes[copy] = node;
          if (row % STRIDE === STRIDE - 1) yield;
        }
      }
      const move = (rooms: readonly RowRoom[]) => rooms.flatMap((room) => moveRoom(room, kept, target));
      yield;
      if (version !== this.#version) continue;
      return () => {
        for (const [i, part] of this.#parts.entries()) part.places = moved[i]!;
        if (target && nodes) this.#nodes.set(target, nodes);
        this.#waiting = move(this.#waiting);
        this.#inFlight = move(this.#inFlight);
        this.#changed();
      };
    }
  }

  /** The row of the graph that a row of the index is; undefined where it is in none. */
  find(segment: Segment, row: number): { readonly part: GraphPart; readonly node: number } | undefined {
    const number = this.#nodes.get(segment)?.[row];
    if (!number) return undefined;
    const [part, node] = this.#partOf(number);
    return part?.isLive(node) ? { part, node } : undefined;
  }

  /** Tells which rows of a loaded part are `count` rows of the index. Both follow each other, from `node` and from `row` on. */
  set(segment: Segment, row: number, part: GraphPart, node: number, count: number): void {
    const nodes = this.#nodesOf(segment);
    const firstNumber = this.#parts.indexOf(part) * this.#maxRows + node + 1;
    for (let i = 0; i < count; i++) {
      part.setPlace(node + i, segment.number, row + i);
      nodes[row + i] = firstNumber + i;
      if (isAlive(segment.deaths, row + i)) part.setLive(node + i);
    }
  }

  /** Takes in a row of a part that is no row of the index. */
  hide(part: GraphPart, node: number): void {
    part.setPlace(node, NOWHERE, 0);
  }

  /** Makes those rows of `rooms` wait that are in no part. */
  *expectOthers(rooms: readonly RowRoom[]): Steps<void> {
    for (const { segment, first, count } of rooms) {
      const nodes = this.#nodes.get(segment);
      for (let row = first; row < first + count; row++) {
        if (!nodes?.[row]) this.expect([{ segment, first: row, count: 1 }]);
        if (row % STRIDE === STRIDE - 1) yield;
      }
    }
  }

  #unset(part: GraphPart, node: number, rows: Rows): void {
    const segment = part.places[2 * node]!;
    if (segment === NOWHERE) return;
    const row = part.places[2 * node + 1]!;
    const nodes = this.#nodes.get(rows.segmentAt(placeOf(segment, row)));
    if (nodes) nodes[row] = 0;
    part.setPlace(node, NOWHERE, 0);
  }

  #partOf(number: number): [GraphPart | undefined, number] {
    return [this.#parts[Math.floor((number - 1) / this.#maxRows)], (number - 1) % this.#maxRows];
  }

  #nodesOf(segment: Segment): Uint32Array {
    const known = this.#nodes.get(segment);
    if (known) return known;
    const nodes = new Uint32Array(segment.layout.capacity);
    this.#nodes.set(segment, nodes);
    return nodes;
  }

  #changed(): void {
    this.#version++;
    this.#moment = undefined;
  }
}

/** Where rows that wait are once theirs is one of the segments that were replaced. */
function moveRoom(room: RowRoom, kept: KeptRows, target: Segment | undefined): RowRoom[] {
  if (!kept.segments.includes(room.segment)) return [room];
  if (!target) return [];
  const first = keptBefore(kept, room.segment, room.first);
  const count = keptBefore(kept, room.segment, room.first + room.count) - first;
  return count > 0 ? [{ segment: target, first, count }] : [];
}

function countOf(rooms: readonly RowRoom[]): number {
  return rooms.reduce((sum, { count }) => sum + count, 0);
}

function isShared({ buffer }: Uint32Array): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
}
