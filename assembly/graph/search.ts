// The walk: of all rows met so far the nearest ones are kept, `effort` of them; the nearest that has not been expanded is, until
// there is none. It ends whatever the lists hold: a row is scored once, and every step expands one of those scored.
import { distanceAt, EXPANDED, MAY_BE_HIT, merge, rowOf, sort, wordOf } from './candidates';
import { distances } from './distance';
import {
  ALLOWED,
  BATCH,
  BATCH_DISTANCES,
  CANDIDATES,
  CAPACITY,
  CURSOR,
  DEGREE,
  EFFORT,
  ENTRIES,
  FILTER,
  HOPS,
  KEPT,
  LENGTH,
  LIMIT,
  listOf,
  MAX_ENTRIES,
  NEAR,
  NEAR_WORDS,
  NEW,
  NEW_WORDS,
  QUERY,
  RANKS,
  RECORDS,
  rowBelow,
  SCORED,
  STRIDE,
  TOUCHED,
  UPPER,
  VISITED,
  WORDS,
} from './layout';
import { CONTENT, countOf, isRow, isWriting, neighbour } from './lists';

/** Number of times that a list is read again which was changed meanwhile. Then it is taken as it is: all of its rows are rows. */
const READS = 4;

/** Candidates that are expanded at a time: their lists, and then the records of all neighbours, are read at once. */
const WIDTH: u32 = 4;

/** New candidates that are taken in at a time (4 bytes each). Few, since the time to sort grows with their square. */
const CHUNK: usize = 32 << 2;

/** A search in the graph above has this part of the effort, 4 to 16 candidates; the search below begins with the nearest ones. */
const UPPER_EFFORT_SHIFT: u32 = 4;
const MIN_UPPER_EFFORT: u32 = 4;
const MAX_UPPER_EFFORT: u32 = 16;
const STARTS: u32 = 8;

/**
 * Begins a search for the query in the scratch.
 *
 * @param effort candidates that may be hits, at most
 * @param limit candidates, at most: more than `effort` where `filter` lets few pass
 * @param filter address of a bit for each row that may be a hit, or 0 where every row may be one
 */
export function begin(graph: usize, scratch: usize, effort: u32, limit: u32, filter: usize): void {
  beginAt(graph, scratch, effort, limit, filter, findStarts(graph, scratch, effort));
}

/** Begins at the entry points, and at so many rows that `findStarts` has listed. */
export function beginAt(graph: usize, scratch: usize, effort: u32, limit: u32, filter: usize, startCount: u32): void {
  const starts = <usize>load<u32>(scratch, KEPT);
  reset(graph, scratch, effort, limit, filter);
  const visited = <usize>load<u32>(scratch, VISITED);
  const batch = <usize>load<u32>(scratch, BATCH);
  let count: u32 = 0;
  for (let i: usize = 0; i < MAX_ENTRIES; i++) {
    const row = atomic.load<u32>(graph + (i << 2), ENTRIES);
    if (isRow(graph, row)) count = visit(visited, batch, count, row);
  }
  for (let i: usize = 0; i < <usize>startCount << 2; i += 4) {
    const row = load<u32>(starts + i);
    if (isRow(graph, row)) count = visit(visited, batch, count, row);
  }
  score(graph, scratch, count);
}

/** Searches the graph above, for the rows of this one to begin a search of `effort` at; returns how many. */
export function findStarts(graph: usize, scratch: usize, effort: u32): u32 {
  const starts = <usize>load<u32>(scratch, KEPT);
  const upper = <usize>load<u32>(graph, UPPER);
  if (!upper) return 0;
  const upperEffort = min<u32>(max<u32>(effort >> UPPER_EFFORT_SHIFT, MIN_UPPER_EFFORT), MAX_UPPER_EFFORT);
  begin(upper, scratch, upperEffort, upperEffort, 0);
  search(upper, scratch, i32.MAX_VALUE);
  const words = <usize>load<u32>(scratch, WORDS);
  const count = min<u32>(load<u32>(scratch, LENGTH), STARTS);
  for (let i: u32 = 0; i < count; i++) store<u32>(starts + (<usize>i << 2), rowBelow(rowOf(words, i)));
  return count;
}

/** Begins anew: nothing has been visited, and there are no candidates. */
export function reset(graph: usize, scratch: usize, effort: u32, limit: u32, filter: usize): void {
  store<u32>(scratch, effort, EFFORT);
  store<u32>(scratch, limit, LIMIT);
  store<u32>(scratch, 0, LENGTH);
  store<u32>(scratch, 0, CURSOR);
  store<u32>(scratch, 0, ALLOWED);
  store<u32>(scratch, <u32>filter, FILTER);
  store<u32>(scratch, 0, SCORED);
  store<u32>(scratch, 0, HOPS);
  memory.fill(<usize>load<u32>(scratch, VISITED), 0, ((<usize>load<u32>(graph, CAPACITY) + 31) >> 5) << 2);
}

/**
 * Goes on until about `budget` distances have been computed. Returns whether there is more to do; if not, the candidates are
 * in the scratch.
 */
export function search(graph: usize, scratch: usize, budget: i32): bool {
  const words = <usize>load<u32>(scratch, WORDS);
  for (; budget > 0; ) {
    const length = load<u32>(scratch, LENGTH);
    let cursor = load<u32>(scratch, CURSOR);
    touchLists(graph, scratch, words, cursor, length);
    let count: u32 = 0;
    let hops: u32 = 0;
    for (; cursor < length && hops < WIDTH; cursor++) {
      const at = words + (<usize>cursor << 2);
      const word = load<u32>(at);
      if (word & EXPANDED) continue;
      store<u32>(at, word | EXPANDED);
      count = readNeighbours(graph, scratch, word >> 2, count);
      hops++;
    }
    store<u32>(scratch, cursor, CURSOR);
    if (!hops) return false;
    store<u32>(scratch, load<u32>(scratch, HOPS) + hops, HOPS);
    touchRecords(graph, scratch, count);
    score(graph, scratch, count);
    budget -= count + hops;
  }
  return true;
}

/**
 * Loads a word of each 64 bytes of the lists that are read next. WebAssembly has no prefetch: loads that nothing depends on are as
 * good, since the processor does many at once. Their sum is stored, or the compiler would leave them out.
 */
// @ts-ignore: decorator
@inline
function touchLists(graph: usize, scratch: usize, words: usize, first: u32, length: u32): void {
  const bytes = (<usize>load<u32>(graph, DEGREE) + 1) << 2;
  let sum: u32 = 0;
  let lists: u32 = 0;
  for (let i = first; i < length && lists < WIDTH; i++) {
    const word = load<u32>(words + (<usize>i << 2));
    if (word & EXPANDED) continue;
    const list = listOf(graph, word >> 2);
    for (let at: usize = 0; at < bytes; at += 64) sum += load<u32>(list + at);
    lists++;
  }
  store<u32>(scratch, sum, TOUCHED);
}

/** As that, the first word of the records of a batch: the processor fetches the 64 bytes beside it as well. */
// @ts-ignore: decorator
@inline
function touchRecords(graph: usize, scratch: usize, count: u32): void {
  const records = <usize>load<u32>(graph, RECORDS);
  const stride = <usize>load<u32>(graph, STRIDE);
  const batch = <usize>load<u32>(scratch, BATCH);
  let sum: u32 = 0;
  for (let i: usize = 0; i < <usize>count << 2; i += 4) sum += load<u32>(records + <usize>load<u32>(batch + i) * stride);
  store<u32>(scratch, sum, TOUCHED);
}

/** Takes in the neighbours of a candidate; returns how many were scored. */
// @ts-ignore: decorator
@inline
export function expand(graph: usize, scratch: usize, words: usize, i: u32): u32 {
  const at = words + (<usize>i << 2);
  store<u32>(at, load<u32>(at) | EXPANDED);
  const count = readNeighbours(graph, scratch, rowOf(words, i), 0);
  score(graph, scratch, count);
  store<u32>(scratch, load<u32>(scratch, HOPS) + 1, HOPS);
  return count;
}

/** Adds the neighbours that have not been visited to the batch, as the list was before or after any change of it. */
// @ts-ignore: decorator
@inline
export function readNeighbours(graph: usize, scratch: usize, row: u32, count: u32): u32 {
  const visited = <usize>load<u32>(scratch, VISITED);
  const batch = <usize>load<u32>(scratch, BATCH);
  const capacity = load<u32>(graph, CAPACITY);
  const list = listOf(graph, row);
  for (let reads = READS; reads; reads--) {
    const head = atomic.load<u32>(list);
    if (isWriting(head) && reads > 1) continue;
    const length = countOf(graph, head);
    for (let i: u32 = 0; i < length; i++) {
      const other = neighbour(list, i);
      if (other < capacity) count = visit(visited, batch, count, other);
    }
    if (((atomic.load<u32>(list) ^ head) & CONTENT) == 0) break;
  }
  return count;
}

/** Lists a row unless it has been visited; without a branch, since there is no telling. */
// @ts-ignore: decorator
@inline
function visit(visited: usize, batch: usize, count: u32, row: u32): u32 {
  const word = visited + ((<usize>row >> 5) << 2);
  const bits = load<u32>(word);
  store<u32>(batch + (<usize>count << 2), row);
  store<u32>(word, bits | (1 << (row & 31)));
  return count + (((bits >> (row & 31)) & 1) ^ 1);
}

/** Scores the rows of the batch, all of them before any is looked at, and takes in those that are near enough. */
// @ts-ignore: decorator
@inline
export function score(graph: usize, scratch: usize, count: u32): void {
  if (!count) return;
  const batch = <usize>load<u32>(scratch, BATCH);
  const scores = <usize>load<u32>(scratch, BATCH_DISTANCES);
  const candidates = <usize>load<u32>(scratch, CANDIDATES);
  const effort = load<u32>(scratch, EFFORT);
  const limit = load<u32>(scratch, LIMIT);
  distances(graph, <usize>load<u32>(scratch, QUERY), batch, count, scores);
  store<u32>(scratch, load<u32>(scratch, SCORED) + count, SCORED);

  // Only nearer rows go in. With equal ones, a walk among equal rows would end only after the last of them.
  const near = <usize>load<u32>(scratch, NEW);
  const nearWords = <usize>load<u32>(scratch, NEW_WORDS);
  const end = <usize>count << 2;
  for (let i: usize = 0; i < end; ) {
    const worst = worstOf(candidates, load<u32>(scratch, LENGTH), load<u32>(scratch, ALLOWED), effort, limit);
    let some: usize = 0;
    for (const chunk = min<usize>(i + CHUNK, end); i < chunk; i += 4) {
      const distance = load<f32>(scores + i);
      store<f32>(near + some, distance);
      store<u32>(nearWords + some, wordOf(load<u32>(batch + i), MAY_BE_HIT));
      some += distance < worst ? 4 : 0;
    }
    if (some) takeIn(scratch, <u32>(some >> 2));
  }
}

/** Takes in new candidates, and leaves out those that are too far now. */
// @ts-ignore: decorator
@inline
function takeIn(scratch: usize, some: u32): void {
  const candidates = <usize>load<u32>(scratch, CANDIDATES);
  const words = <usize>load<u32>(scratch, WORDS);
  const added = <usize>load<u32>(scratch, NEW);
  const addedWords = <usize>load<u32>(scratch, NEW_WORDS);
  const near = <usize>load<u32>(scratch, NEAR);
  const nearWords = <usize>load<u32>(scratch, NEAR_WORDS);
  const ranks = <usize>load<u32>(scratch, RANKS);
  const filter = <usize>load<u32>(scratch, FILTER);
  const effort = load<u32>(scratch, EFFORT);
  const limit = load<u32>(scratch, LIMIT);
  const cursor = load<u32>(scratch, CURSOR);
  let length = load<u32>(scratch, LENGTH);
  let allowed = load<u32>(scratch, ALLOWED) + some;
  if (filter) allowed -= markFiltered(filter, addedWords, some);
  sort(added, addedWords, some, ranks, near, nearWords);
  const first = merge(candidates, words, length, near, nearWords, some, ranks);
  length += some;
  for (; allowed > effort || length > limit; length--) allowed -= isAllowed(words, length - 1);
  store<u32>(scratch, length, LENGTH);
  store<u32>(scratch, min<u32>(cursor, first), CURSOR);
  store<u32>(scratch, allowed, ALLOWED);
}

/** Marks those that are no hits; returns how many they are. */
function markFiltered(filter: usize, words: usize, count: u32): u32 {
  let filtered: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowOf(words, i);
    if ((load<u8>(filter + (row >> 3)) >> (row & 7)) & 1) continue;
    store<u32>(words + (<usize>i << 2), wordOf(row, 0));
    filtered++;
  }
  return filtered;
}

// @ts-ignore: decorator
@inline
function isAllowed(words: usize, i: u32): u32 {
  return load<u32>(words + (<usize>i << 2)) & MAY_BE_HIT ? 1 : 0;
}

/** The distance that candidates must be below. */
// @ts-ignore: decorator
@inline
function worstOf(candidates: usize, length: u32, allowed: u32, effort: u32, limit: u32): f32 {
  return allowed < effort && length < limit ? f32.MAX_VALUE : distanceAt(candidates, length - 1);
}

/** Leaves the row itself, and what may not be a hit, out of the candidates of a search that has ended. */
export function leaveOut(scratch: usize, row: u32): void {
  const candidates = <usize>load<u32>(scratch, CANDIDATES);
  const words = <usize>load<u32>(scratch, WORDS);
  const length = load<u32>(scratch, LENGTH);
  let count: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const word = load<u32>(words + (<usize>i << 2));
    store<f32>(candidates + (<usize>count << 2), distanceAt(candidates, i));
    store<u32>(words + (<usize>count << 2), word);
    if (word & MAY_BE_HIT && word >> 2 != row) count++;
  }
  store<u32>(scratch, count, LENGTH);
}
