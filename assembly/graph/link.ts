// Changes of one row's list, by a thread that holds the row.
import { distances } from './distance';
import {
  apartOf,
  BATCH,
  BATCH_DISTANCES,
  DEGREE,
  KEPT,
  listOf,
  NEAR,
  NEAR_WORDS,
  NONE,
  parentOf,
  PRUNE_KEPT,
  QUERY,
  setApart,
  setParent,
} from './layout';
import { append, countOf, has, isRow, lock, neighbour, overwrite, replace, unlock } from './lists';
import { fill, prune, reservedOf, sortBatch } from './prune';

export const DONE: u32 = 0;
export const MORE: u32 = 1;
/** Result: another thread holds the row, perhaps for ever. */
export const BUSY: u32 = 2;
/** Result: the row has nearer neighbours instead. */
export const REFUSED: u32 = 3;

/** Makes `other` a neighbour of `row`, unless pruning leaves it out. */
export function link(graph: usize, scratch: usize, tag: u32, row: u32, other: u32): u32 {
  const list = listOf(graph, row);
  if (!lock(list, tag)) return BUSY;
  let result = DONE;
  if (!has(graph, list, other)) {
    const count = countOf(graph, atomic.load<u32>(list));
    if (count < load<u32>(graph, DEGREE)) append(list, other);
    else result = linkToFull(graph, scratch, row, other, list, count);
  }
  unlock(list);
  return result;
}

function linkToFull(graph: usize, scratch: usize, row: u32, other: u32, list: usize, count: u32): u32 {
  const kept = <usize>load<u32>(scratch, PRUNE_KEPT);
  const batch = <usize>load<u32>(scratch, BATCH);
  store<u32>(batch, other);
  let some: u32 = 1;
  let apart = apartOf(graph, row);
  for (let i: u32 = 0; i < count; i++) {
    const one = neighbour(list, i);
    if (!isRow(graph, one) || one == row) {
      apart = 0;
      continue;
    }
    store<u32>(batch + (<usize>some << 2), one);
    some++;
  }
  sortBatch(graph, scratch, row, some, apart);
  const near = <usize>load<u32>(scratch, NEAR);
  const words = <usize>load<u32>(scratch, NEAR_WORDS);
  // The row has more children than a list has room for.
  if (reservedOf(graph, row, words, some) > load<u32>(graph, DEGREE)) return REFUSED;
  const keptCount = prune(graph, scratch, row, near, words, some, kept);
  replaceList(graph, row, list, kept, keptCount, fill(graph, words, some, kept, keptCount));
  return has(graph, list, other) ? DONE : REFUSED;
}

/** Makes rows the list, those that were kept, `apart` of them, and what it was filled with. */
export function replaceList(graph: usize, row: u32, list: usize, kept: usize, apart: u32, count: u32): void {
  setApart(graph, row, 0);
  replace(graph, list, kept, count);
  if (apart == count) setApart(graph, row, count);
}

/**
 * Puts `row` between `above` and one of its children, which becomes a child of `row`: `above` needs no room for it. Of rows that
 * are equal (`twins`), only one has neighbours; the others are a chain of children behind it.
 */
export function splice(graph: usize, scratch: usize, tag: u32, above: u32, row: u32, twins: bool): u32 {
  const list = listOf(graph, above);
  const own = listOf(graph, row);
  if (!lock(list, tag)) return BUSY;
  if (!lock(own, tag)) {
    unlock(list);
    return BUSY;
  }
  let result = REFUSED;
  const i = childOf(graph, scratch, above, row, list, twins);
  if (i != NONE) {
    const child = neighbour(list, i);
    if (takeIn(graph, row, own, child)) {
      // In this order: a thread that dies in between leaves the child where it was, and a row to be put in again.
      setParent(graph, row, above);
      setParent(graph, child, row);
      setApart(graph, above, 0);
      overwrite(list, i, row);
      result = DONE;
    }
  }
  unlock(own);
  unlock(list);
  return result;
}

/** Where in the list a child of `above` is: of those at distance 0 from the query, or of all. */
function childOf(graph: usize, scratch: usize, above: u32, row: u32, list: usize, twins: bool): u32 {
  const batch = <usize>load<u32>(scratch, BATCH);
  const out = <usize>load<u32>(scratch, BATCH_DISTANCES);
  const count = countOf(graph, atomic.load<u32>(list));
  for (let i: u32 = 0; i < count; i++) {
    const one = neighbour(list, i);
    if (!isRow(graph, one) || one == row || one == above || parentOf(graph, one) != above) continue;
    if (!twins) return i;
    store<u32>(batch, one);
    distances(graph, <usize>load<u32>(scratch, QUERY), batch, 1, out);
    if (load<f32>(out) == 0) return i;
  }
  return NONE;
}

/** Makes `other` a neighbour of `row`, if need be in the place of one that is no child. */
function takeIn(graph: usize, row: u32, list: usize, other: u32): bool {
  if (has(graph, list, other)) return true;
  const count = countOf(graph, atomic.load<u32>(list));
  if (count < load<u32>(graph, DEGREE)) {
    append(list, other);
    return true;
  }
  for (let i: u32 = 0; i < count; i++) {
    const one = neighbour(list, i);
    if (isRow(graph, one) && parentOf(graph, one) == row) continue;
    setApart(graph, row, 0);
    overwrite(list, i, other);
    return true;
  }
  return false;
}

/** Adds those of the kept rows that the row's own list has not yet, as far as there is room. */
export function linkOwn(graph: usize, scratch: usize, tag: u32, row: u32, count: u32): u32 {
  const kept = <usize>load<u32>(scratch, KEPT);
  const list = listOf(graph, row);
  if (!lock(list, tag)) return BUSY;
  for (let i: u32 = 0; i < count; i++) {
    const other = load<u32>(kept + (<usize>i << 2));
    if (countOf(graph, atomic.load<u32>(list)) >= load<u32>(graph, DEGREE)) break;
    if (!has(graph, list, other)) append(list, other);
  }
  unlock(list);
  return DONE;
}
