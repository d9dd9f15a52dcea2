// Lists of neighbours: degree + 1 words for each row, a head and the neighbours.
//
//   head:  bits 0..7 count | bits 8..16 owner, the tag of the thread that holds the row, 0 for none | bits 17..31 sequence
//
// Only the owner changes a list. The sequence is odd while neighbours are overwritten, and another one afterwards. All words are
// read and written atomically (sequentially consistent). Why readers see a consistent list is in assembly/README.md.
import { CAPACITY, DEGREE } from './layout';

const COUNT: u32 = 0xff;
const OWNER: u32 = 0x1ff00;
const OWNER_SHIFT: u32 = 8;
const ONE_STEP: u32 = 1 << 17;
/** What a reader compares: everything but the owner. */
export const CONTENT: u32 = ~OWNER;

/** Number of tries for a lock before the call gives up: the owner may be dead, which a waiting thread could not tell. */
const TRIES: u32 = 1 << 14;

/** Takes the row; false where another thread holds it for long. */
export function lock(list: usize, tag: u32): bool {
  for (let tries = TRIES; tries; tries--) {
    const head = atomic.load<u32>(list);
    if (head & OWNER) continue;
    if (atomic.cmpxchg<u32>(list, head, head | (tag << OWNER_SHIFT)) == head) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
export function unlock(list: usize): void {
  atomic.store<u32>(list, atomic.load<u32>(list) & ~OWNER);
}

/** The number of neighbours; never beyond the room of a list, whatever the head says. */
// @ts-ignore: decorator
@inline
export function countOf(graph: usize, head: u32): u32 {
  return min<u32>(head & COUNT, load<u32>(graph, DEGREE));
}

// @ts-ignore: decorator
@inline
export function isWriting(head: u32): bool {
  return (head & ONE_STEP) != 0;
}

/** Neighbour `i`; it may be no row, where lists are damaged. */
// @ts-ignore: decorator
@inline
export function neighbour(list: usize, i: u32): u32 {
  return atomic.load<u32>(list + (<usize>i << 2), 4);
}

export function has(graph: usize, list: usize, row: u32): bool {
  const count = countOf(graph, atomic.load<u32>(list));
  for (let i: u32 = 0; i < count; i++) if (neighbour(list, i) == row) return true;
  return false;
}

/** The owner adds a neighbour for which there is room: seen once the count is. */
export function append(list: usize, row: u32): void {
  const head = atomic.load<u32>(list);
  atomic.store<u32>(list + (<usize>(head & COUNT) << 2), row, 4);
  atomic.store<u32>(list, head + 1);
}

/** The owner puts one neighbour in the place of another: one store. */
// @ts-ignore: decorator
@inline
export function overwrite(list: usize, i: u32, row: u32): void {
  atomic.store<u32>(list + (<usize>i << 2), row, 4);
}

/**
 * The owner makes `rows` the list. Whatever is in both is in the list all the time, and nothing is ever in it that is in none:
 * what is to go is first overwritten by what is to come; then the last neighbour is copied to where one is to go, and the count
 * falls. Whoever dies in between leaves a list that is right but for a neighbour too many, or one that is there twice.
 */
export function replace(graph: usize, list: usize, rows: usize, count: u32): void {
  let head = atomic.load<u32>(list) + ONE_STEP;
  atomic.store<u32>(list, head);
  let length = countOf(graph, head);
  let next: u32 = 0;
  for (let i: u32 = 0; i < length; ) {
    const row = neighbour(list, i);
    if (isIn(row, rows, count) && !hasBefore(list, i, row)) {
      i++;
      continue;
    }
    while (next < count && hasBefore(list, length, load<u32>(rows + (<usize>next << 2)))) next++;
    if (next < count) {
      overwrite(list, i++, load<u32>(rows + (<usize>next << 2)));
      next++;
    } else {
      overwrite(list, i, neighbour(list, length - 1));
      head = (head & ~COUNT) | --length;
      atomic.store<u32>(list, head);
    }
  }
  for (; next < count; next++) {
    const row = load<u32>(rows + (<usize>next << 2));
    if (hasBefore(list, length, row)) continue;
    overwrite(list, length, row);
    head = (head & ~COUNT) | ++length;
    atomic.store<u32>(list, head);
  }
  atomic.store<u32>(list, head + ONE_STEP);
}

/** Whether a row is among some rows. Only for words that no thread writes meanwhile. */
export function isIn(row: u32, rows: usize, count: u32): bool {
  const end = rows + (<usize>count << 2);
  if (ASC_FEATURE_SIMD) {
    const wanted = i32x4.splat(row);
    for (; end - rows >= 16; rows += 16) if (v128.any_true(i32x4.eq(v128.load(rows), wanted))) return true;
  }
  for (; rows < end; rows += 4) if (load<u32>(rows) == row) return true;
  return false;
}

/** The owner asks: nobody else writes the list, so its words may be read at once. */
// @ts-ignore: decorator
@inline
function hasBefore(list: usize, length: u32, row: u32): bool {
  return isIn(row, list + 4, length);
}

/** Whether there is such a row: lists may be damaged. */
// @ts-ignore: decorator
@inline
export function isRow(graph: usize, row: u32): bool {
  return row < load<u32>(graph, CAPACITY);
}
