/**
 * What every backend of the graph kernel offers: functions of one memory that take addresses. `graph` is the address of a
 * graph's header, which all threads share; `scratch` of a scratch, which belongs to one thread. `tag` names the thread, 1 to
 * 511, as the owner of the rows it changes.
 *
 * Work is done in slices: a call computes about `budget` distances, and says whether there is more to do.
 */

export interface GraphKernelExports {
  /**
   * Makes the codes of `count` rows, `first` and those behind it. They have `given` components each, float32, dense; one more
   * comes from `lifts` (float32, one each) where rows are coded with one more. Rows must not be in the graph yet. The graphs above
   * get theirs.
   */
  encode(graph: number, rows: number, first: number, count: number, given: number, lifts: number): void;
  /**
   * Begins a search for the query of the scratch: of `effort` candidates that may be hits, and `limit` candidates in all.
   * `filter` is the address of a bit for each row that may be a hit, from the lowest of a byte on; 0 where all may be.
   */
  begin(graph: number, scratch: number, effort: number, limit: number, filter: number): void;
  /** Goes on with a search. Not 0: call again. 0: the candidates are in the scratch, nearest first. */
  search(graph: number, scratch: number, budget: number): number;
  /**
   * Begins to put a row into the graph; returns `DONE` or `MORE`. A row may be put in again, after its thread has died, or since it
   * cannot be reached any more (graph-upkeep.ts): then `lost` is 1, else 0.
   */
  beginInsert(graph: number, scratch: number, row: number, effort: number, lost: number): number;
  /** Goes on with it; returns `DONE`, `MORE` or `BUSY`. */
  insert(scratch: number, tag: number, budget: number): number;
  /**
   * Takes rows that are gone out of the list of `row` in one graph (those above it have lists of their own), and puts what they lead to in their place, of `effort` candidates.
   * `live` is the address of a bit for each row that is still there. Returns `DONE` or `BUSY`. No row may be put in meanwhile;
   * searches may go on.
   */
  mend(graph: number, scratch: number, tag: number, row: number, live: number, effort: number): number;
}

/** Answers of an insertion: the row is in the graph; call again; call again, another thread holds a row that is needed. */
export const DONE = 0;
export const MORE = 1;
export const BUSY = 2;
