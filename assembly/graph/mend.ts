// Takes rows that are gone out of a row's list. What they lead to are candidates in their place: a walk from the row that
// expands such rows only. It ends as every walk does.
import { EXPANDED, MAY_BE_HIT } from './candidates';
import { useRow } from './distance';
import { CANDIDATES, LENGTH, listOf, PRUNE_KEPT, QUERY, WORDS } from './layout';
import { BUSY, DONE, replaceList } from './link';
import { countOf, isRow, lock, neighbour, unlock } from './lists';
import { fill, prune } from './prune';
import { expand, leaveOut, readNeighbours, reset, score } from './search';

/**
 * Mends the list of `row`. No list may be changed meanwhile but by this function.
 *
 * @param live address of a bit for each row that is still there
 * @param effort candidates for the list, at most
 */
export function mend(graph: usize, scratch: usize, tag: u32, row: u32, live: usize, effort: u32): u32 {
  const list = listOf(graph, row);
  if (!hasGone(graph, list, live)) return DONE;
  if (!lock(list, tag)) return BUSY;
  useRow(graph, row, <usize>load<u32>(scratch, QUERY));
  reset(graph, scratch, effort, effort, live);
  score(graph, scratch, readNeighbours(graph, scratch, row, 0));
  const words = <usize>load<u32>(scratch, WORDS);
  for (let i: u32 = 0; i < load<u32>(scratch, LENGTH); ) {
    // A row that comes in may come in before this one.
    if (load<u32>(words + (<usize>i << 2)) & (EXPANDED | MAY_BE_HIT)) {
      i++;
    } else {
      expand(graph, scratch, words, i);
      i = 0;
    }
  }
  leaveOut(scratch, row);
  const kept = <usize>load<u32>(scratch, PRUNE_KEPT);
  const near = <usize>load<u32>(scratch, CANDIDATES);
  const count = prune(graph, scratch, row, near, words, load<u32>(scratch, LENGTH), kept);
  const filled = fill(graph, words, load<u32>(scratch, LENGTH), kept, count);
  replaceList(graph, row, list, kept, count, filled);
  unlock(list);
  return DONE;
}

function hasGone(graph: usize, list: usize, live: usize): bool {
  const count = countOf(graph, atomic.load<u32>(list));
  for (let i: u32 = 0; i < count; i++) {
    const row = neighbour(list, i);
    if (!isRow(graph, row) || !((load<u8>(live + (row >> 3)) >> (row & 7)) & 1)) return true;
  }
  return false;
}
