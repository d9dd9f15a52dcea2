/**
 * The rows of an index and which of them there are.
 *
 * A state is never changed: a search sees the one it began with, while changes prepare the next one and put it in its place
 * at once. A row keeps its slot (its number, in the order in which rows were added) until removed rows are cleared away.
 * Only one change may be under way at a time.
 */

import type { TimeSlices } from '../base/time-slices.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import { maxSegmentRows, type SegmentShape } from '../memory/segment-layout.js';
import { clearBit, createBits, hasBit } from './row-bits.js';
import { Segment } from './segment.js';

export interface RowState {
  readonly parts: readonly RowPart[];
  /** Rows without those that were removed. */
  readonly size: number;
  /** Rows with those that were removed: the slots are 0 to slotCount - 1. */
  readonly slotCount: number;
}

/** The first `count` rows of a segment. */
export interface RowPart {
  readonly segment: Segment;
  readonly count: number;
  readonly firstSlot: number;
  /** 1 for every row that was not removed; undefined where none was. See row-bits.ts. */
  readonly live: ArrayBufferLike | undefined;
}

/** Room for rows: `count` of them from row `first` of the segment on. */
export interface RowRoom {
  readonly segment: Segment;
  readonly first: number;
  readonly count: number;
}

export interface RowStoreOptions {
  readonly dims: number;
  readonly threads: number;
  /** The search kernel. */
  readonly kernel: CompiledKernel;
  /** Whether rows have an int8 copy; only with SIMD. */
  readonly int8: boolean;
  /** Most bytes of a segment's memory; undefined for what WebAssembly allows. */
  readonly segmentBytes: number | undefined;
}

/** A new segment for rows to come has room for these bytes of them at least. */
const LEAST_SEGMENT_BYTES = 2 ** 18;
/** Bytes copied between two looks at the clock. */
const COPY_BYTES = 2 ** 18;

export const NO_ROWS: RowState = { parts: [], size: 0, slotCount: 0 };

export class RowStore {
  readonly dims: number;
  readonly #shape: SegmentShape;
  readonly #kernel: CompiledKernel;
  readonly #maxRows: number;
  #state: RowState = NO_ROWS;

  constructor({ dims, threads, kernel, int8, segmentBytes }: RowStoreOptions) {
    this.dims = dims;
    this.#shape = { dims, threads, int8 };
    this.#kernel = kernel;
    this.#maxRows = maxSegmentRows(this.#shape, segmentBytes);
  }

  get state(): RowState {
    return this.#state;
  }

  /** Begins the next state. */
  stage(from: RowState = this.#state): StagedRows {
    return new StagedRows(from, (wanted, held) => this.#addSegment(wanted, held));
  }

  publish(state: RowState): void {
    this.#state = state;
  }

  #addSegment(wanted: number, held: number): Segment {
    // As many again as there are keeps the number of segments low, however few rows are added at a time.
    const roomy = held === 0 ? 0 : Math.max(held, Math.ceil(LEAST_SEGMENT_BYTES / (4 * this.dims)));
    return new Segment(this.#shape, Math.min(this.#maxRows, Math.max(1, wanted, roomy)), this.#kernel);
  }
}

/** A state in the making. What is written to its rooms is seen by nobody before it is published. */
export class StagedRows {
  readonly #parts: RowPart[];
  readonly #addSegment: (wanted: number, held: number) => Segment;
  #size: number;
  #slotCount: number;

  constructor(from: RowState, addSegment: (wanted: number, held: number) => Segment) {
    this.#parts = [...from.parts];
    this.#size = from.size;
    this.#slotCount = from.slotCount;
    this.#addSegment = addSegment;
  }

  /** The state as it is now. */
  get state(): RowState {
    return { parts: [...this.#parts], size: this.#size, slotCount: this.#slotCount };
  }

  /**
   * Room for some of `wanted` rows, which take the next slots.
   *
   * @param expected rows that will be asked for from now on, these included: a new segment has room for all of them
   * @throws {IndexingError} `InsufficientMemory`
   */
  reserve(wanted: number, expected = wanted): RowRoom {
    let last = this.#parts.at(-1);
    if (!last || last.count === last.segment.layout.capacity) {
      const segment = this.#addSegment(expected, this.#slotCount);
      last = { segment, count: 0, firstSlot: this.#slotCount, live: undefined };
      this.#parts.push(last);
    }
    const count = Math.min(wanted, last.segment.layout.capacity - last.count);
    this.#parts[this.#parts.length - 1] = { ...last, count: last.count + count };
    this.#size += count;
    this.#slotCount += count;
    return { segment: last.segment, first: last.count, count };
  }

  /** Removes rows that are there, by slot, each once. */
  remove(slots: readonly number[]): void {
    const changed = new Map<number, Uint32Array>();
    for (const slot of slots) {
      const at = this.#partOf(slot);
      const bits = changed.get(at) ?? copyLive(this.#parts[at]!);
      changed.set(at, bits);
      clearBit(bits, slot - this.#parts[at]!.firstSlot);
    }
    for (const [at, bits] of changed) {
      this.#parts[at] = { ...this.#parts[at]!, live: bits.buffer };
    }
    this.#size -= slots.length;
  }

  #partOf(slot: number): number {
    let at = this.#parts.length - 1;
    while (this.#parts[at]!.firstSlot > slot) at--;
    return at;
  }
}

function copyLive({ segment, live }: RowPart): Uint32Array {
  const bits = new Uint32Array(createBits(segment.layout.capacity));
  if (live) bits.set(new Uint32Array(live));
  else bits.fill(0xffffffff);
  return bits;
}

/** Consecutive rows of a part that are there. */
export interface RowSpan {
  readonly part: RowPart;
  readonly first: number;
  readonly count: number;
}

/** All rows that are there, in their order, in spans of at most `most`. */
export function* liveSpans({ parts }: RowState, most: number): Generator<RowSpan> {
  for (const part of parts) {
    const bits = part.live && new Uint32Array(part.live);
    let first = 0;
    while (first < part.count) {
      let last = bits ? first : Math.min(part.count, first + most);
      if (bits) while (last < part.count && last - first < most && hasBit(bits, last)) last++;
      if (last > first) yield { part, first, count: last - first };
      first = last === first ? first + 1 : last;
    }
  }
}

/** Copies the rows of a state that are there, with their magnitudes, behind those of `staged`. */
export async function copyLiveRows(state: RowState, staged: StagedRows, slices: TimeSlices): Promise<void> {
  let left = state.size;
  const dims = state.parts[0]?.segment.layout.dims ?? 1;
  for (const { part, first, count } of liveSpans(state, Math.max(1, Math.floor(COPY_BYTES / (4 * dims))))) {
    for (let done = 0; done < count; ) {
      const room = staged.reserve(count - done, left);
      const rows = room.count;
      room.segment.rows(room.first, rows).set(part.segment.rows(first + done, rows));
      room.segment.magnitudes(room.first, rows).set(part.segment.magnitudes(first + done, rows));
      room.segment.quantize(room.first, rows);
      done += rows;
      left -= rows;
    }
    if (slices.isDue()) await slices.nextTurn();
  }
}
