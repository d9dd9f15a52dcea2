/**
 * What lanes and caller of one pass over the rows tell each other: the queries, and the best hits of each lane. One buffer, shared
 * where threads share memory.
 *
 *   queries     queries × queryBytes(dims)            float32, as the kernel wants them
 *   least keys  queries × float64                     no row with a smaller key is a hit
 *   hits        lanes × queries × (2 + 2k) × float64  hits held, rows scored, keys, slots; k differs from group to group
 *
 * Writers: queries and least keys by the caller, before a lane begins; hits by the thread that works for the lane. They are read
 * when no lane works any more.
 */
import { queryBytes } from '../kernel/search/search-kernel.js';

/** Queries that follow each other and want the same number of hits. */
export interface QueryCounts {
  readonly queryCount: number;
  readonly k: number;
}

/** Where the hits of one query lie, counted in float64 numbers: two counts, k keys, k slots. */
export interface HitPlace {
  readonly at: number;
  readonly k: number;
}

/** What a lane needs of it. */
export type Board = Pick<SearchBoard, 'queryCount' | 'queries' | 'leastKeys' | 'hits' | 'place'>;

export class SearchBoard {
  readonly queryCount: number;
  /** Float32Array, queryCount × queryBytes(dims) / 4. */
  readonly queries: Float32Array;
  readonly leastKeys: Float64Array;
  readonly hits: Float64Array;
  readonly #places: HitPlace[] = [];
  readonly #laneSize: number;

  static byteLength(dims: number, groups: readonly QueryCounts[], lanes: number): number {
    let bytes = 0;
    for (const { queryCount, k } of groups) {
      bytes += queryCount * (queryBytes(dims) + 8 + 8 * lanes * (2 + 2 * k));
    }
    return bytes;
  }

  /** @param byteOffset a multiple of 8 */
  constructor(
    buffer: ArrayBufferLike,
    byteOffset: number,
    dims: number,
    groups: readonly QueryCounts[],
    lanes: number,
  ) {
    let laneSize = 0;
    for (const { queryCount, k } of groups) {
      for (let query = 0; query < queryCount; query++) {
        this.#places.push({ at: laneSize, k });
        laneSize += 2 + 2 * k;
      }
    }
    const count = this.#places.length;
    const queriesSize = (count * queryBytes(dims)) / 4;
    this.queryCount = count;
    this.queries = new Float32Array(buffer, byteOffset, queriesSize);
    this.leastKeys = new Float64Array(buffer, byteOffset + 4 * queriesSize, count);
    this.hits = new Float64Array(buffer, byteOffset + 4 * queriesSize + 8 * count, lanes * laneSize);
    this.#laneSize = laneSize;
  }

  place(lane: number, query: number): HitPlace {
    const { at, k } = this.#places[query]!;
    return { at: lane * this.#laneSize + at, k };
  }

  /** Forgets what a lane has found. */
  clear(lane: number): void {
    for (let query = 0; query < this.queryCount; query++) this.clearQuery(query, lane);
  }

  /** Forgets what a lane has found for one query. */
  clearQuery(query: number, lane = 0): void {
    const { at } = this.place(lane, query);
    this.hits.fill(0, at, at + 2);
  }

  /** The board of one query. */
  only(query: number): Board {
    if (this.queryCount === 1) return this;
    const size = this.queries.length / this.queryCount;
    return {
      queryCount: 1,
      queries: this.queries.subarray(query * size, (query + 1) * size),
      leastKeys: this.leastKeys.subarray(query, query + 1),
      hits: this.hits,
      place: (lane) => this.place(lane, query),
    };
  }
}
