// Puts a row into the graph, in steps of bounded work: a search for it, the choice of its neighbours, its own list, and then its
// place in the lists of these. Nobody meets it before its own list is there. Doing it again, from the start, is harmless: so a
// row whose thread died is simply put in once more.
import { distanceAt, rowOf } from './candidates';
import { useRow } from './distance';
import {
  AT,
  CANDIDATES,
  ENTRIES,
  INDEX,
  INSERT_EFFORT,
  KEPT,
  KEPT_COUNT,
  LENGTH,
  listOf,
  MAX_ENTRIES,
  NONE,
  parentOf,
  PHASE,
  QUERY,
  RESERVED,
  ROW,
  rowBelow,
  setParent,
  UPPER,
  UPPER_SHIFT,
  WORDS,
} from './layout';
import { BUSY, DONE, link, linkOwn, MORE, REFUSED, splice } from './link';
import { has, isRow } from './lists';
import { fill, isKept, reservedOf } from './prune';
import { beginAt, findStarts, leaveOut, search } from './search';

const SEARCH: u32 = 1;
const TWIN: u32 = 2;
const CHOOSE: u32 = 3;
const OWN: u32 = 4;
const LINK: u32 = 5;
const FORCE: u32 = 6;

/**
 * Begins to put in `row`; returns DONE where it is the first one and in no graph above, else MORE.
 *
 * @param lost whether the row cannot be reached: then the search begins at the entry points only, since what the graph above
 * leads to may be lost as well
 */
export function beginInsert(graph: usize, scratch: usize, row: u32, effort: u32, lost: bool): u32 {
  store<u32>(scratch, <u32>graph, AT);
  store<u32>(scratch, row, ROW);
  store<u32>(scratch, effort, INSERT_EFFORT);
  return beginLevel(graph, scratch, row, effort, lost) == DONE ? goUp(scratch) : MORE;
}

/** Ends the insertion into a graph. The row may have to go into the graph above, too. It is met there only from now on. */
function goUp(scratch: usize): u32 {
  let result = DONE;
  while (result == DONE) {
    const row = load<u32>(scratch, ROW);
    const upper = <usize>load<u32>(<usize>load<u32>(scratch, AT), UPPER);
    if (!upper || rowBelow(row >> UPPER_SHIFT) != row) break;
    store<u32>(scratch, <u32>upper, AT);
    store<u32>(scratch, row >> UPPER_SHIFT, ROW);
    result = beginLevel(upper, scratch, row >> UPPER_SHIFT, load<u32>(scratch, INSERT_EFFORT), false);
  }
  return result;
}

function beginLevel(graph: usize, scratch: usize, row: u32, effort: u32, lost: bool): u32 {
  const parent = parentOf(graph, row);
  if (parent != row && parent != NONE && !(isRow(graph, parent) && has(graph, listOf(graph, parent), row))) {
    setParent(graph, row, NONE);
  }
  if (atomic.load<u32>(graph, ENTRIES) == NONE) {
    setParent(graph, row, row);
    if (atomic.cmpxchg<u32>(graph, NONE, row, ENTRIES) == NONE) return DONE;
    setParent(graph, row, NONE);
  }
  useRow(graph, row, <usize>load<u32>(scratch, QUERY));
  beginAt(graph, scratch, effort, effort, 0, lost ? 0 : findStarts(graph, scratch, effort));
  store<u32>(scratch, SEARCH, PHASE);
  return MORE;
}

/** Goes on for about `budget` distances. MORE: call again. BUSY: a row is held by another thread; call again. */
export function insert(scratch: usize, tag: u32, budget: i32): u32 {
  const result = insertIntoLevel(<usize>load<u32>(scratch, AT), scratch, tag, budget);
  return result == DONE ? goUp(scratch) : result;
}

function insertIntoLevel(graph: usize, scratch: usize, tag: u32, budget: i32): u32 {
  const row = load<u32>(scratch, ROW);
  const kept = <usize>load<u32>(scratch, KEPT);
  while (budget > 0) {
    const phase = load<u32>(scratch, PHASE);
    const index = load<u32>(scratch, INDEX);
    const keptCount = load<u32>(scratch, KEPT_COUNT);
    if (phase == SEARCH) {
      const step = min<i32>(budget, 1024);
      budget -= step;
      if (search(graph, scratch, step)) continue;
      leaveOut(scratch, row);
      const twin = load<u32>(scratch, LENGTH) && distanceAt(<usize>load<u32>(scratch, CANDIDATES), 0) == 0;
      store<u32>(scratch, 0, INDEX);
      store<u32>(scratch, 0, KEPT_COUNT);
      const words = <usize>load<u32>(scratch, WORDS);
      store<u32>(scratch, reservedOf(graph, row, words, load<u32>(scratch, LENGTH)), RESERVED);
      store<u32>(scratch, twin ? TWIN : CHOOSE, PHASE);
    } else if (phase == TWIN) {
      budget--;
      const result = linkToTwin(graph, scratch, tag, row);
      if (result == BUSY) return BUSY;
      if (result == DONE) return DONE;
      store<u32>(scratch, CHOOSE, PHASE);
    } else if (phase == CHOOSE) {
      if (index < load<u32>(scratch, LENGTH)) {
        const words = <usize>load<u32>(scratch, WORDS);
        const candidate = rowOf(words, index);
        const distance = distanceAt(<usize>load<u32>(scratch, CANDIDATES), index);
        const reserved = load<u32>(scratch, RESERVED);
        budget -= keptCount + 1;
        if (isKept(graph, scratch, row, candidate, distance, keptCount, kept, keptCount, reserved)) {
          store<u32>(kept + (<usize>keptCount << 2), candidate);
          store<u32>(scratch, keptCount + 1, KEPT_COUNT);
        }
        if (reserved && parentOf(graph, candidate) == row) store<u32>(scratch, reserved - 1, RESERVED);
        store<u32>(scratch, index + 1, INDEX);
      } else {
        const words = <usize>load<u32>(scratch, WORDS);
        store<u32>(scratch, fill(graph, words, load<u32>(scratch, LENGTH), kept, keptCount), KEPT_COUNT);
        store<u32>(scratch, OWN, PHASE);
      }
    } else if (phase == OWN) {
      if (linkOwn(graph, scratch, tag, row, keptCount) == BUSY) return BUSY;
      store<u32>(scratch, 0, INDEX);
      store<u32>(scratch, LINK, PHASE);
    } else if (phase == LINK) {
      if (index < keptCount) {
        const result = linkFrom(graph, scratch, tag, load<u32>(kept + (<usize>index << 2)), row);
        if (result == BUSY) return BUSY;
        budget -= 64;
        store<u32>(scratch, index + 1, INDEX);
      } else {
        if (parentOf(graph, row) != NONE || !keptCount) return DONE;
        store<u32>(scratch, 0, INDEX);
        store<u32>(scratch, FORCE, PHASE);
      }
    } else {
      // No neighbour has room for a child: all that they have are children of theirs.
      if (index < keptCount) {
        const result = splice(graph, scratch, tag, load<u32>(kept + (<usize>index << 2)), row, false);
        if (result != REFUSED) return result;
        budget--;
        store<u32>(scratch, index + 1, INDEX);
      } else {
        store<u32>(scratch, 0, INDEX);
        store<u32>(scratch, LINK, PHASE);
      }
    }
  }
  return MORE;
}

/** The first list that a row gets into makes it a child of that list's row. */
function linkFrom(graph: usize, scratch: usize, tag: u32, other: u32, row: u32): u32 {
  const orphan = parentOf(graph, row) == NONE;
  // The parent is written before the row can be met, so that it is never met without one.
  if (orphan) setParent(graph, row, other);
  const result = link(graph, scratch, tag, other, row);
  if (orphan && result != DONE) setParent(graph, row, NONE);
  return result;
}

/** A row at distance 0 from one in the graph is put behind that one. */
function linkToTwin(graph: usize, scratch: usize, tag: u32, row: u32): u32 {
  const kept = <usize>load<u32>(scratch, KEPT);
  const twin = rowOf(<usize>load<u32>(scratch, WORDS), 0);
  store<u32>(kept, twin);
  if (linkOwn(graph, scratch, tag, row, 1) == BUSY) return BUSY;
  if (parentOf(graph, row) != NONE) return DONE;
  const result = splice(graph, scratch, tag, twin, row, true);
  return result == REFUSED ? linkFrom(graph, scratch, tag, twin, row) : result;
}
