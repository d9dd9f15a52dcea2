/**
 * Vectors on their way into an index: checked, copied into the rows that were reserved for them, and turned into what the
 * index keeps. If some cannot be rows, the error is that of the lowest one, whatever is wrong with it.
 */

import { IndexingError, invalidConfiguration } from '../base/errors.js';
import { TimeSlices } from '../base/time.js';
import type { EngineCore } from '../engine/engine-core.js';
import type { RowSettling } from '../engine/worker/rows-task.js';
import { EMPTY_VECTOR, NON_FINITE, TOO_LARGE, ZERO_MAGNITUDE } from '../kernel/rejection.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { isSortedMemory } from '../memory/matrix-memory.js';
import type { Precision } from '../memory/segment-layout.js';
import { countVectors, type SharedRows } from '../vectors/source-rows.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { checkRow, copyRow, isFloat32Array } from '../vectors/vector-source.js';
import type { RowRoom } from './rows.js';
import { type RowsScope, settleArrivingRows } from './rows-job.js';
import type { Steps } from './steps.js';

/** Components copied between two steps. */
const COPY_COMPONENTS = 2 ** 16;
/** Rows looked at between two steps. */
const LOOK_ROWS = 1024;

/** Components of the vectors; undefined where there is none. Throws what is wrong with the first one. */
export function dimsOf(vectors: VectorSource, firstPosition: number): number | undefined {
  if (countVectors(vectors) === 0) return undefined;
  if ('dims' in vectors) return vectors.dims;
  const length = checkRow('vectors', firstPosition, vectors[0]);
  if (length === 0) throw emptyVector(firstPosition);
  return length;
}

/** How vectors that come into an index of that metric are settled. */
export function settlingOf(metric: Metric, dims: number, precision: Precision): RowSettling {
  const unit = metric === 'cosine';
  return { dims, operation: unit ? 'normalize' : 'magnitudes', precision, unit, isKept: false };
}

export class IncomingVectors {
  readonly count: number;
  /** Vectors before the first that is known to be wrong. */
  sound: number;
  /** The error of the first wrong vector. */
  error: unknown;
  readonly #vectors: VectorSource;
  readonly #dims: number;
  readonly #firstPosition: number;

  /** @param firstPosition what errors call the first vector */
  constructor(vectors: VectorSource, dims: number, firstPosition: number) {
    this.count = countVectors(vectors);
    this.sound = this.count;
    this.#vectors = vectors;
    this.#dims = dims;
    this.#firstPosition = firstPosition;
  }

  /** Where the vectors lie densely in shared memory; undefined for ordinary memory. */
  get shared(): SharedRows | undefined {
    if (!('dims' in this.#vectors) || typeof SharedArrayBuffer === 'undefined') return undefined;
    const { buffer, byteOffset } = this.#vectors.data;
    return buffer instanceof SharedArrayBuffer ? { buffer, byteOffset } : undefined;
  }

  /** Looks the vectors over without reading their components, but of those that may be sorted. */
  *look(): Steps<void> {
    const vectors = this.#vectors;
    if ('dims' in vectors) {
      if (vectors.dims !== this.#dims) {
        this.#fail(0, invalidConfiguration('vectors.dims', `${this.#dims}, the dims of the index`, vectors.dims));
      } else if (yield* areSorted([vectors.data], this.#dims)) {
        this.#fail(0, sortedRows());
      }
      return;
    }
    for (let first = 0; first < this.sound; first += LOOK_ROWS) {
      const last = Math.min(first + LOOK_ROWS, this.sound);
      for (let i = first; i < last; i++) {
        const error = this.#wrongRow(i, vectors[i]);
        if (!error) continue;
        this.#fail(i, error);
        break;
      }
      const typed = vectors.slice(first, Math.min(last, this.sound)).filter(isFloat32Array);
      if (yield* areSorted(typed, this.#dims)) this.#fail(first, sortedRows());
      if (last < this.sound) yield;
    }
  }

  /** Copies vectors `first` to `first + count` to their rows, as far as they are sound. */
  copy(target: Float32Array, first: number, count: number): void {
    const vectors = this.#vectors;
    const dims = this.#dims;
    const last = Math.min(first + count, this.sound);
    if ('dims' in vectors) {
      if (last > first) target.set(vectors.data.subarray(first * dims, last * dims));
      return;
    }
    for (let i = first; i < last; i++) {
      try {
        copyRow('vectors', this.#firstPosition + i, vectors[i]!, target, (i - first) * dims, dims);
      } catch (error) {
        this.#fail(i, error);
        return;
      }
    }
  }

  /** Copies the vectors to `rooms`; gives how many rows are in place after every step. */
  *copyInto(rooms: readonly RowRoom[]): Generator<number, void> {
    const most = Math.max(1, Math.floor(COPY_COMPONENTS / this.#dims));
    let copied = 0;
    for (const { segment, first, count } of rooms) {
      for (let done = 0; done < count; done += most) {
        const some = Math.min(most, count - done);
        this.copy(segment.rows(first + done, some), copied + done, some);
        yield copied + done + some;
      }
      copied += count;
    }
  }

  /** Throws what is wrong with the lowest vector of which something is, once its rows are settled. */
  *check(metric: Metric, rooms: readonly RowRoom[]): Steps<void> {
    let before = 0;
    for (const { segment, first, count } of rooms) {
      const column = segment.magnitudes(first, count);
      const bits = new Uint32Array(column.buffer, column.byteOffset, count);
      for (let row = 0; row < count && before + row < this.sound; row++) {
        if (Number.isNaN(column[row]!)) this.#checkRejected(metric, before + row, column, bits, row);
        if (row % (16 * LOOK_ROWS) === 16 * LOOK_ROWS - 1) yield;
      }
      before += count;
    }
    if (this.error !== undefined) throw this.error;
  }

  #checkRejected(metric: Metric, vector: number, column: Float32Array, bits: Uint32Array, row: number): void {
    const vectorIndex = this.#firstPosition + vector;
    switch (bits[row]) {
      case ZERO_MAGNITUDE: {
        if (metric === 'cosine') {
          const detail = `vectors[${vectorIndex}] is all zeros: it has no direction`;
          throw new IndexingError('ZeroMagnitude', detail, { vectorIndex });
        }
        // Here a zero vector is a vector like any other.
        column[row] = 0;
        return;
      }
      case NON_FINITE: {
        const detail = `vectors[${vectorIndex}] holds NaN or an infinity`;
        throw new IndexingError('NonFinite', detail, { vectorIndex });
      }
      case TOO_LARGE: {
        const detail = `vectors[${vectorIndex}] has a component beyond ±65,504, which float16 cannot hold; keep the rows as float32`;
        throw new IndexingError('InvalidConfiguration', detail, { vectorIndex });
      }
      case EMPTY_VECTOR:
        throw emptyVector(vectorIndex);
      default:
        throw new Error(`a magnitude of bits ${bits[row]} tells no reason`);
    }
  }

  #wrongRow(i: number, row: unknown): unknown {
    if (row instanceof Float32Array && row.length === this.#dims) return undefined;
    const position = this.#firstPosition + i;
    try {
      const length = checkRow('vectors', position, row);
      if (length === this.#dims) return undefined;
      if (length === 0) return emptyVector(position);
      const detail = `vectors[${position}] must have ${this.#dims} components, like the rows of the index, got ${length}`;
      return new IndexingError('InvalidConfiguration', detail, { vectorIndex: position });
    } catch (error) {
      return error;
    }
  }

  #fail(vector: number, error: unknown): void {
    this.sound = vector;
    this.error = error;
  }
}

/** Memory that a caller has filled anew is still marked: rows that are not ascending are not those that were sorted. */
function* areSorted(arrays: readonly Float32Array[], dims: number): Steps<boolean> {
  const marked = arrays.filter(({ buffer }) => isSortedMemory(buffer));
  for (const data of marked) {
    for (let i = 1; i < data.length; i++) {
      if (i % dims !== 0 && data[i - 1]! > data[i]!) return false;
      if (i % COPY_COMPONENTS === 0) yield;
    }
  }
  return marked.length > 0;
}

function emptyVector(vectorIndex: number): IndexingError {
  return new IndexingError('EmptyVector', `vectors[${vectorIndex}] has no components`, { vectorIndex });
}

function sortedRows(): IndexingError {
  const detail =
    "vectors are rows whose components were sorted: they are no longer vectors; index with order: 'original'";
  return new IndexingError('InvalidConfiguration', detail);
}

/** Rejects with `ThreadPanic`, and with `signal.reason`. What is wrong with a vector is told by `incoming.check`. */
export async function bringVectors(
  core: EngineCore,
  scope: RowsScope,
  settling: RowSettling,
  incoming: IncomingVectors,
  rooms: readonly RowRoom[],
  signal: AbortSignal,
): Promise<void> {
  const source = core.sharesMemory ? incoming.shared : undefined;
  if (source) {
    await settleArrivingRows(core, scope, { rooms, settling, source, bring: undefined, bringAgain: undefined }, signal);
    return;
  }
  const bring = async (inPlace: (rows: number) => void) => {
    const slices = new TimeSlices(signal);
    for (const copied of incoming.copyInto(rooms)) {
      inPlace(copied);
      if (slices.isDue()) await slices.nextTurn();
    }
  };
  // A thread that died may have changed the rows it had, and they are no more what they were.
  const bringAgain = (room: number, first: number, count: number) => {
    const before = rooms.slice(0, room).reduce((sum, each) => sum + each.count, 0);
    const { segment, first: firstRow } = rooms[room]!;
    incoming.copy(segment.rows(firstRow + first, count), before + first, count);
  };
  await settleArrivingRows(core, scope, { rooms, settling, source, bring, bringAgain }, signal);
}
