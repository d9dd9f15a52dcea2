/**
 * The control block of a search: one buffer, shared where threads share memory, with the words the threads agree by and the hits of each of them.
 *
 *   header   16 × int32                           next block to claim | stop word
 *   hits     lanes × queries × (1 + 2k) × float64  number of hits, their keys, their slots
 *
 * Writers: the next block by any thread through Atomics.add; the stop word by the main thread; a lane's hits by the thread
 * that works for the lane. They are read when the lane's task has been answered.
 */

const NEXT = 0;
const STOP = 1;
const HEADER_BYTES = 64;

/** Where the hits of one query lie: a heap while the search lasts (see engine/worker/top-hits.ts). */
export interface HitRegion {
  /** One number: how many there are. */
  readonly count: Float64Array;
  /** Float64Array of k. */
  readonly keys: Float64Array;
  /** Float64Array of k: which rows, exact up to 2⁵³. */
  readonly slots: Float64Array;
}

export class SearchControl {
  readonly buffer: ArrayBufferLike;
  readonly #words: Int32Array;
  readonly #queryCount: number;
  readonly #k: number;

  static create(lanes: number, queryCount: number, k: number, shared: boolean): SearchControl {
    const bytes = HEADER_BYTES + 8 * lanes * queryCount * (1 + 2 * k);
    return new SearchControl(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes), queryCount, k);
  }

  constructor(buffer: ArrayBufferLike, queryCount: number, k: number) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.#queryCount = queryCount;
    this.#k = k;
  }

  /** The next block nobody has. */
  claimNext(): number {
    // Pairs with the same line in the other threads: the add gives every block to exactly one of them.
    return Atomics.add(this.#words, NEXT, 1);
  }

  /** Ends the search; its hits mean nothing then. */
  stop(): void {
    // Pairs with the load in isStopped; publishes nothing else.
    Atomics.store(this.#words, STOP, 1);
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, STOP) === 1;
  }

  hits(lane: number, query: number): HitRegion {
    const at = HEADER_BYTES + 8 * (lane * this.#queryCount + query) * (1 + 2 * this.#k);
    return {
      count: new Float64Array(this.buffer, at, 1),
      keys: new Float64Array(this.buffer, at + 8, this.#k),
      slots: new Float64Array(this.buffer, at + 8 + 8 * this.#k, this.#k),
    };
  }
}
