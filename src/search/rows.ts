/**
 * The rows of an index and their ids: which there are now, and the one place where that changes.
 *
 * A change writes new rows behind the others, enters their ids, and records deaths at a version that nobody looks at yet. Then
 * it is published in one step: from there on everybody sees all of it, and before that nothing. Only one change may go on at a
 * time. A snapshot shows the rows of its moment for as long as it is kept, and costs nothing.
 */

import type { EngineCore } from '../engine/engine-core.js';
import { deathOf, isAlive, isThere, recordDeath } from '../memory/deaths.js';
import {
  keptBytes,
  maxSegmentRows,
  type Precision,
  type RowForm,
  SegmentLayout,
  type SegmentShape,
} from '../memory/segment-layout.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { StoredRows } from './file/stored-rows.js';
import { IdRuns, type RunMark } from './id-runs.js';
import { IdTable, type Place, placeOf, rowOf, segmentOf } from './id-table.js';
import { Segment, type SegmentKernels } from './segment.js';
import type { Steps } from './steps.js';

/** The rows that there were at some moment; never changed. */
export interface Snapshot {
  readonly segments: readonly Segment[];
  /** Number of published rows of every segment, the dead among them. */
  readonly counts: readonly number[];
  readonly version: number;
  /** Number of rows without the dead. */
  readonly size: number;
  /** Where the rows of segments are that are in a file. */
  readonly stored: ReadonlyMap<Segment, StoredRows>;
}

/** Room for rows: `count` of them from row `first` of the segment on. */
export interface RowRoom {
  readonly segment: Segment;
  readonly first: number;
  readonly count: number;
}

/** Rows that die in a change. */
export interface Deaths {
  readonly places: readonly Place[];
  /** Number of dying rows of each segment. */
  readonly counts: ReadonlyMap<Segment, number>;
}

const NO_DEATHS: Deaths = { places: [], counts: new Map() };

export interface RowsOptions {
  readonly shape: SegmentShape & { readonly form: Precision };
  readonly kernels: SegmentKernels;
  /** Most bytes of a segment's memory; undefined for what WebAssembly allows. */
  readonly segmentBytes: number | undefined;
  /** Gives the memories, and is told of those that are gone. */
  readonly core: Pick<EngineCore, 'memories' | 'forgetMemory'>;
}

/** Least and most bytes of room in a new segment. Between these it has room for as many rows as there are. */
const LEAST_ROOM_BYTES = 2 ** 20;
const MOST_ROOM_BYTES = 2 ** 26;
/** While a new index is filled, a new segment has room for one eighth of the rows that came so far. */
const FILLING_PART = 8;
/** Least number of consecutive rows that begin a run of ids. */
const LEAST_RUN = 64;
/** Rows between two steps. */
const STRIDE = 512;
/** Rows that were rejected when the index was saved are dead from the beginning. */
const BEFORE_ALL = 0;

export class Rows {
  readonly dims: number;
  readonly #options: RowsOptions;
  readonly #maxRows: number;
  readonly #maxRowsElsewhere: number;
  /** Segments by their numbers; undefined where a number is free. */
  readonly #segments: (Segment | undefined)[] = [];
  #current: readonly Segment[] = [];
  /** Segments of the change under way that are not published. */
  #fresh: Segment[] = [];
  #version = 1;
  #size = 0;
  #snapshot: Snapshot | undefined;
  readonly #table = new IdTable((segment, row) => this.#segments[segment]!.ids.get(row));
  readonly #runs = new IdRuns();
  /** Number that the next row without an id gets: more than all numbers before. */
  #nextNumber = 0;
  #kind: 'number' | 'string' = 'number';
  /** Rows of the change under way that are left out. */
  #leftOut = 0;
  /** Room that the last published change left, for a change that is given up. */
  #before: { readonly runs: RunMark; readonly nextNumber: number; readonly kind: 'number' | 'string' };

  constructor(options: RowsOptions) {
    this.dims = options.shape.dims;
    this.#options = options;
    this.#maxRows = maxSegmentRows(options.shape, options.segmentBytes);
    this.#maxRowsElsewhere = maxSegmentRows({ ...options.shape, form: 'elsewhere', int8: true }, options.segmentBytes);
    this.#before = this.#moment;
  }

  get size(): number {
    return this.#size;
  }

  /** Number of changes so far. */
  get version(): number {
    return this.#version;
  }

  /** How rows are kept that come in from now on. */
  get form(): Precision {
    return this.#options.shape.form;
  }

  /** Bytes by kind. The rows have their magnitudes and deaths, and all have room for more. */
  get memory(): { readonly rows: number; readonly codes: number; readonly ids: number; readonly work: number } {
    const bytes = { rows: 0, codes: 0, ids: this.#table.byteLength, work: 0 };
    for (const { layout, memory, ids } of this.#current) {
      bytes.rows += layout.rowsByteLength;
      bytes.codes += layout.codesByteLength;
      bytes.ids += ids.byteLength;
      bytes.work += memory.buffer.byteLength - layout.rowsByteLength - layout.codesByteLength;
    }
    return bytes;
  }

  get nextNumber(): number {
    return this.#nextNumber;
  }

  get segments(): readonly Segment[] {
    return this.#current;
  }

  get snapshot(): Snapshot {
    this.#snapshot ??= {
      segments: this.#current,
      counts: this.#current.map(({ count }) => count),
      version: this.#version,
      size: this.#size,
      stored: new Map(this.#current.flatMap((segment) => (segment.stored ? [[segment, segment.stored]] : []))),
    };
    return this.#snapshot;
  }

  /** Type of all ids; undefined where there is none. */
  get kind(): 'number' | 'string' | undefined {
    return this.#size === 0 ? undefined : this.#kind;
  }

  // --- looking up ----------------------------------------------------------------------------------------------------

  /** Where the row with that id is now, or -1. */
  find(id: VectorId): Place {
    let place = -1;
    if (typeof id !== 'number') {
      // Ids are numbers or strings. Nothing else is found.
      if (typeof id !== 'string') return -1;
    } else {
      this.#runs.find(id, (segment, row) => {
        if (!this.#isVisible(segment.number, row)) return false;
        place = placeOf(segment.number, row);
        return true;
      });
    }
    return place === -1 ? this.#table.find(id, this.#isVisible) : place;
  }

  /** Whether a row of the change under way has that id. */
  isEntered(id: VectorId): boolean {
    const inRun = typeof id === 'number' && this.#runs.find(id, ({ number }, row) => this.#isFresh(number, row));
    return inRun || this.#table.find(id, this.#isFresh) !== -1;
  }

  segmentAt(place: Place): Segment {
    return this.#segments[segmentOf(place)]!;
  }

  readonly #isVisible = (number: number, row: number): boolean => {
    const segment = this.#segments[number]!;
    return segment.isCurrent && row < segment.count && isThere(segment.deaths, row, this.#version);
  };

  readonly #isFresh = (number: number, row: number): boolean => {
    const { isCurrent, count, reserved } = this.#segments[number]!;
    return row < reserved && (row >= count || !isCurrent);
  };

  // --- changing ------------------------------------------------------------------------------------------------------

  /**
   * Room for some of `wanted` rows, which come behind all that are there or on their way.
   *
   * @param expected rows that will be asked for from now on, these included: a new segment has room for all of them
   * @param form how they are kept
   * @throws {IndexingError} `InsufficientMemory`
   */
  reserve(wanted: number, expected = wanted, form: RowForm = this.form): RowRoom {
    let segment = this.#fresh.at(-1) ?? this.#current.at(-1);
    if (!segment || segment.room === 0 || segment.layout.form !== form) {
      segment = this.createSegment(Math.max(expected, this.#roomToCome(form)), form);
      this.#fresh.push(segment);
    }
    const count = Math.min(wanted, segment.room);
    const first = segment.reserved;
    segment.reserved += count;
    return { segment, first, count };
  }

  /** A segment with room for `rows`, or as many as a memory holds; not part of the index yet. */
  createSegment(rows: number, form: RowForm = this.form): Segment {
    const { shape, kernels, core } = this.#options;
    const layout = new SegmentLayout(
      form === 'elsewhere' ? { ...shape, form, int8: true } : shape,
      Math.min(this.maxRows(form), Math.max(1, rows)),
    );
    const memory = core.memories.acquire(layout.byteLength, 'index');
    const free = this.#segments.indexOf(undefined);
    const number = free === -1 ? this.#segments.length : free;
    const segment = new Segment(number, layout, memory, kernels);
    // In memory that was somebody else's, something is written.
    if (core.memories.touch(memory, layout.byteLength) < layout.byteLength) segment.deaths.fill(0);
    collected.register(segment, { core, key: memory.key });
    this.#segments[number] = segment;
    return segment;
  }

  /** Lets a segment go that is part of the index no more, or never was, and of which no id is entered. */
  #forget(segment: Segment): void {
    this.#segments[segment.number] = undefined;
  }

  /** Most rows that a segment can have. */
  maxRows(form: RowForm = this.form): number {
    return form === 'elsewhere' ? this.#maxRowsElsewhere : this.#maxRows;
  }

  /** A segment that is none of the index: where `rows` vectors become what the index keeps. Whoever asks gives it back. */
  createStaging(rows: number): Segment {
    const { shape, kernels, core } = this.#options;
    const halves = shape.form === 'float16';
    const layout = new SegmentLayout({ dims: this.dims, lanes: 0, form: 'float32', int8: true, halves }, rows);
    return new Segment(-1, layout, core.memories.acquire(layout.byteLength), kernels);
  }

  discardStaging({ memory }: Segment): void {
    const { core } = this.#options;
    core.forgetMemory(memory.key);
    core.memories.discard(memory);
  }

  #roomToCome(form: RowForm): number {
    const { dims } = this;
    // Every segment has places to work, which are not to be most of it where rows are small.
    const bytes = form === 'float32' ? 4 * dims : keptBytes({ dims, form, int8: true });
    const most = Math.max(1, Math.floor(MOST_ROOM_BYTES / bytes));
    const atLeast = (rows: number) => Math.min(most, Math.max(rows, Math.ceil(LEAST_ROOM_BYTES / bytes)));
    if (this.#current.length > 0) return atLeast(this.#size);
    // A new index of a stream: what is left over in the end is to be a small part.
    const arrived = this.#fresh.reduce((sum, { reserved }) => sum + reserved, 0);
    return arrived === 0 ? 0 : atLeast(Math.floor(arrived / FILLING_PART));
  }

  /** Gives a reserved row its id, of a change of `together` rows. */
  enter(id: VectorId, segment: Segment, row: number, together: number): void {
    segment.ids.set(row, id);
    this.#kind = typeof id as 'number' | 'string';
    if (typeof id === 'number' && id >= this.#nextNumber) {
      this.#nextNumber = id + 1;
      if (this.#runs.extend(id, segment, row)) return;
      if (together >= LEAST_RUN) {
        this.#runs.begin(id, segment, row);
        return;
      }
    }
    this.#table.add(id, placeOf(segment.number, row));
  }

  /** Leaves out a reserved row, which has no vector. */
  leaveOut(id: VectorId, segment: Segment, row: number): void {
    segment.ids.set(row, id);
    if (typeof id === 'number') this.#nextNumber = Math.max(this.#nextNumber, id + 1);
    recordDeath(segment.deaths, row, BEFORE_ALL);
    segment.dead++;
    this.#leftOut++;
  }

  /** Records deaths for the version to come, but of rows that die already. */
  *recordDeaths(places: readonly Place[]): Steps<Deaths> {
    const recorded: Place[] = [];
    const counts = new Map<Segment, number>();
    for (const [i, place] of places.entries()) {
      const segment = this.segmentAt(place);
      const row = rowOf(place);
      if (isAlive(segment.deaths, row)) {
        recordDeath(segment.deaths, row, this.#version + 1);
        recorded.push(place);
        counts.set(segment, (counts.get(segment) ?? 0) + 1);
      }
      if (i % STRIDE === STRIDE - 1) yield;
    }
    return { places: recorded, counts };
  }

  /** Makes a change visible to everybody: the rows in `rooms` appear, and those whose deaths were recorded are gone. */
  publish(rooms: readonly RowRoom[], deaths: Deaths = NO_DEATHS): void {
    let size = this.#size - deaths.places.length - this.#leftOut;
    for (const { segment, first, count } of rooms) {
      size += first + count - segment.count;
      segment.count = first + count;
      if (segment.isCurrent) continue;
      segment.isCurrent = true;
      this.#current = [...this.#current, segment];
      this.#fresh.splice(this.#fresh.indexOf(segment), 1);
    }
    for (const [segment, count] of deaths.counts) segment.dead += count;
    this.#size = size;
    this.#leftOut = 0;
    this.#version++;
    this.#before = this.#moment;
    this.#snapshot = undefined;
  }

  /** Says where the rows of a segment are from now on. */
  setStored(segment: Segment, stored: StoredRows): void {
    segment.stored = stored;
    this.#snapshot = undefined;
  }

  /** Takes away entries of rows that are gone. */
  *clearEntries(places: Iterable<Place>): Steps<void> {
    let cleared = 0;
    for (const place of places) {
      this.#table.delete(this.segmentAt(place).ids.get(rowOf(place)), place);
      if (++cleared % STRIDE === 0) yield;
    }
  }

  /** Takes back the ids of the first `entered` rows of the change under way. */
  *takeBack(rooms: readonly RowRoom[], entered: number): Steps<void> {
    let left = entered;
    for (const { segment, first, count } of rooms) {
      for (let row = first; row < first + count && left > 0; row++, left--) {
        this.#table.delete(segment.ids.get(row), placeOf(segment.number, row));
        if (left % STRIDE === 0) yield;
      }
    }
    this.#runs.backTo(this.#before.runs);
    this.#nextNumber = this.#before.nextNumber;
    this.#kind = this.#before.kind;
  }

  /** Gives rooms back, of which no row has an id. */
  drop(rooms: readonly RowRoom[]): void {
    for (const { segment, first } of rooms.toReversed()) {
      segment.reserved = first;
      if (segment.isCurrent || first > 0) continue;
      this.#fresh.splice(this.#fresh.indexOf(segment), 1);
      this.#forget(segment);
    }
  }

  // --- clearing away -------------------------------------------------------------------------------------------------

  /** Enters a row that was copied to a segment that is not part of the index yet. */
  enterCopy(original: Place, copy: Place): void {
    const segment = this.segmentAt(original);
    const id = segment.ids.get(rowOf(original));
    this.segmentAt(copy).ids.set(rowOf(copy), id);
    if (!this.#runs.has(segment, rowOf(original))) this.#table.add(id, copy);
  }

  /** Marks the copy of a row as dead if the row died meanwhile. */
  passOnDeath(original: Place, copy: Place): void {
    const version = deathOf(this.segmentAt(original).deaths, rowOf(original));
    if (version === undefined) return;
    const target = this.segmentAt(copy);
    recordDeath(target.deaths, rowOf(copy), version);
    target.dead++;
    this.#table.delete(target.ids.get(rowOf(copy)), copy);
  }

  /**
   * Puts a segment with the rows that are left of some in their place, which are side by side.
   *
   * @param keptBefore how many rows of the new segment come from before `row` of `segment`
   */
  replace(
    worn: readonly Segment[],
    segment: Segment | undefined,
    count: number,
    keptBefore: (segment: Segment, row: number) => number,
  ): void {
    const replaced = new Set(worn);
    const first = this.#current.indexOf(worn[0]!);
    const left = this.#current.filter((each) => !replaced.has(each));
    for (const each of worn) {
      each.isCurrent = false;
      // Entries of its rows are found for a while; they are of no change under way.
      each.reserved = 0;
    }
    if (segment) {
      segment.isCurrent = true;
      segment.isClosed = true;
      segment.count = count;
      segment.reserved = count;
      this.#current = left.toSpliced(first, 0, segment);
    } else {
      this.#current = left;
    }
    this.#runs.replace(replaced, segment, keptBefore);
    this.#before = this.#moment;
    this.#snapshot = undefined;
  }

  /** Lets segments go that were replaced, or never came to be part of the index. */
  *release(segments: readonly Segment[], places: Iterable<Place>): Steps<void> {
    yield* this.clearEntries(places);
    for (const segment of segments) this.#forget(segment);
  }

  get #moment() {
    return { runs: this.#runs.mark, nextNumber: this.#nextNumber, kind: this.#kind };
  }
}

/** All rows that are there, in their order, in spans of at most `most`. */
export function* liveSpans({ segments, counts, version }: Snapshot, most: number): Generator<RowRoom> {
  for (const [i, segment] of segments.entries()) {
    const count = counts[i]!;
    for (let first = 0; first < count; ) {
      let last = first;
      while (last < count && last - first < most && isThere(segment.deaths, last, version)) last++;
      if (last > first) yield { segment, first, count: last - first };
      first = last === first ? first + 1 : last;
    }
  }
}

/** Threads keep instances of kernels on the memories of segments, and so the memories, until they hear that a segment is gone. */
const collected = new FinalizationRegistry<{ readonly core: RowsOptions['core']; readonly key: number }>(
  ({ core, key }) => core.forgetMemory(key),
);
