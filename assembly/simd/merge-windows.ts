// The later levels of an odd-even merge, three in one pass. At each of these levels blocks are compared like bricks in
// a wall: block 1 with 2, 3 with 4, ..., at half the size in the next level. A window of eight rows at a distance of
// `step` goes down the wall; the rows it has not finished stay in registers for the next place.
//
//   y(8m+ )  1 2 3|4 5 6 7 8 9 10 11        1..3: carried, 4..11: loaded
//   4 step         4-8 5-9 6-10 7-11
//   2 step     2-4 3-5   6-8 7-9            10, 11 wait for 12, 13
//   1 step   1-2 3-4 5-6 7-8                9 waits for 10
//   stored   1 2 3 4 5 6 7 8                9..11 are the next carry
//
// The comparators are in an order that needs few registers: columns of the diagram, from the left.
import { mergeOneLevel } from './merge-heads';
import { lower, upper } from './lanes';
import { ROW } from './scratch';

/** The levels 4, 2 and 1 `step` of the rows from `start` to `end`, 8 x `step` or more. `step` is one row or eight. */
export function mergeWindows(start: usize, end: usize, step: usize): void {
  const size = (end - start) & ~(8 * step - 1);
  const body = start + size;
  if (body < end) {
    // The comparators that reach behind the last whole window take no row that others still need: they go first.
    mergeOneLevel(body - 8 * step, end, 4 * step);
    mergeOneLevel(body - 4 * step, end, 2 * step);
    mergeOneLevel(body - 2 * step, end, step);
  }
  if (step == ROW) windowsOfOne(start, size);
  else windowsOfEight(start, size);
}

// The same code with constant distances, which become part of the load and store instructions.

function windowsOfOne(start: usize, size: usize): void {
  windows(start, size, ROW);
}

function windowsOfEight(start: usize, size: usize): void {
  windows(start, size, 8 * ROW);
}

// @ts-ignore: decorator
@inline
function windows(start: usize, size: usize, step: usize): void {
  for (let first = start, stop = start + step; first < stop; first += ROW) {
    let b = v128.load(first + step);
    let c = v128.load(first + 2 * step);
    let d = v128.load(first + 3 * step);
    let at = first;
    for (let last = first + size - 8 * step; at < last; at += 8 * step) {
      const behind = at + 8 * step;
      let e = v128.load(at + 4 * step);
      let i = v128.load(behind);
      let low = lower(e, i); i = upper(e, i); e = low;
      low = lower(c, e); e = upper(c, e); c = low;
      v128.store(at + step, lower(b, c));
      v128.store(at + 2 * step, upper(b, c));

      let f = v128.load(at + 5 * step);
      let j = v128.load(behind + step);
      low = lower(f, j); j = upper(f, j); f = low;
      low = lower(d, f); f = upper(d, f); d = low;
      v128.store(at + 3 * step, lower(d, e));
      v128.store(at + 4 * step, upper(d, e));

      let g = v128.load(at + 6 * step);
      let k = v128.load(behind + 2 * step);
      low = lower(g, k); k = upper(g, k); g = low;
      low = lower(g, i); i = upper(g, i); g = low;
      v128.store(at + 5 * step, lower(f, g));
      v128.store(at + 6 * step, upper(f, g));

      let h = v128.load(at + 7 * step);
      let l = v128.load(behind + 3 * step);
      low = lower(h, l); l = upper(h, l); h = low;
      low = lower(h, j); j = upper(h, j); h = low;
      v128.store(at + 7 * step, lower(h, i));
      v128.store(behind, upper(h, i));
      b = j;
      c = k;
      d = l;
    }
    // Four rows are left, and nothing for them to be compared with at 4 step.
    let e = v128.load(at + 4 * step);
    let low = lower(c, e); e = upper(c, e); c = low;
    v128.store(at + step, lower(b, c));
    v128.store(at + 2 * step, upper(b, c));
    let f = v128.load(at + 5 * step);
    low = lower(d, f); f = upper(d, f); d = low;
    v128.store(at + 3 * step, lower(d, e));
    v128.store(at + 4 * step, upper(d, e));
    const g = v128.load(at + 6 * step);
    v128.store(at + 5 * step, lower(f, g));
    v128.store(at + 6 * step, upper(f, g));
  }
}
