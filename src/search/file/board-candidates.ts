/**
 * The candidates that threads left on a board without scoring them: for a query, the rows that may be hits by what all threads
 * found together.
 */
import { CandidateList } from '../../engine/worker/candidate-list.js';
import { TopHits } from '../../engine/worker/top-hits.js';
import type { ErrorBound } from '../../kernel/search/error-bound.js';
import type { SearchBoard } from '../../memory/search-board.js';
import type { Snapshot } from '../rows.js';

/** Candidates of one query. */
export interface Candidates {
  readonly slots: ArrayLike<number>;
  /** Upper bound of the score of each candidate. */
  readonly bounds: ArrayLike<number>;
}

/** Room for candidates of each query of a lane, where `k` hits are wanted. */
export function roomFor(k: number): number {
  return 2 * k + 1024;
}

/** Reads the candidates of a query; undefined where some did not fit. */
export function candidatesOn(
  board: SearchBoard,
  lanes: number,
  query: number,
  k: number,
  bound: ErrorBound,
): Candidates | undefined {
  const keys: number[] = [];
  const lists: CandidateList[] = [];
  for (let lane = 0; lane < lanes; lane++) {
    const place = board.place(lane, query);
    const list = new CandidateList(board.hits, place);
    if (list.overflowed) return undefined;
    lists.push(list);
    const least = new TopHits(board.hits, place);
    for (let i = 0; i < least.size; i++) keys.push(least.key(i));
  }
  keys.sort((a, b) => b - a);
  const limit = keys.length < k ? Number.NEGATIVE_INFINITY : bound.limit(keys[k - 1]!, lengthOf(board, query));
  const slots: number[] = [];
  const bounds: number[] = [];
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      if (list.bound(i) < limit) continue;
      slots.push(list.slot(i));
      bounds.push(list.bound(i));
    }
  }
  return { slots, bounds };
}

/** Length of a query as it is on the board. */
function lengthOf({ queries, queryCount }: SearchBoard, query: number): number {
  const size = queries.length / queryCount;
  let squares = 0;
  for (let i = query * size; i < (query + 1) * size; i++) squares += queries[i]! ** 2;
  return Math.sqrt(squares);
}

/** Keeps the files open that a search may read from; gives what lets go of them. */
export function holdFiles({ stored }: Snapshot): () => void {
  const files = new Set([...stored.values()].map(({ file }) => file));
  const releases = [...files].map((file) => file.hold());
  return () => {
    for (const release of releases) release();
  };
}
