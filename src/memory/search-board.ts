/**
 * What lanes and caller of one pass over the rows tell each other: the queries, and the best hits of each lane. One buffer, shared
 * where threads share memory.
 *
 *   queries     queries × queryBytes(dims)            float32, as the kernel wants them
 *   least keys  queries × float64                     no row with a smaller key is a hit
 *   hits        lanes × queries × (4 + 2k + 2c) × float64
 *               hits held, rows scored, candidates held, whether some did not fit; keys, slots of hits; slots and bounds of candidates
 *
 * k and c differ from group to group. Candidates are there only where rows are scored by the caller, and then the keys are bounds from below: as
 * many rows as there are hits are known to have these or better ones.
 *
 * Writers: queries and least keys by the caller, before a lane begins; hits by the thread that works for the lane. They are read
 * when no lane works any more.
 */
import { queryBytes } from '../kernel/search/search-kernel.js';

/** Queries that follow each other and want the same number of hits. */
export interface QueryCounts {
  readonly queryCount: number;
  readonly k: number;
  /** Room for so many candidates of each, where lanes score no rows: see candidate-list.ts. */
  readonly candidates?: number | undefined;
}

/** Place of the hits of one query, counted in float64 numbers: four counts, k keys, k slots, candidates. */
export interface HitPlace {
  readonly at: number;
  readonly k: number;
  readonly candidates: number;
}

/** Numbers before the keys. */
export const HIT_COUNTS = 4;

function sizeOf({ k, candidates = 0 }: QueryCounts): number {
  return HIT_COUNTS + 2 * k + 2 * candidates;
}

/** Parts of the board that a lane needs. */
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
    for (const group of groups) bytes += group.queryCount * (queryBytes(dims) + 8 + 8 * lanes * sizeOf(group));
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
    for (const group of groups) {
      const { queryCount, k, candidates = 0 } = group;
      for (let query = 0; query < queryCount; query++) {
        this.#places.push({ at: laneSize, k, candidates });
        laneSize += sizeOf(group);
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
    const place = this.#places[query]!;
    return { ...place, at: lane * this.#laneSize + place.at };
  }

  /** Forgets what a lane has found. */
  clear(lane: number): void {
    for (let query = 0; query < this.queryCount; query++) this.clearQuery(query, lane);
  }

  /** Forgets what a lane has found for one query. */
  clearQuery(query: number, lane = 0): void {
    const { at } = this.place(lane, query);
    this.hits.fill(0, at, at + HIT_COUNTS);
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
