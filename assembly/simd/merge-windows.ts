// The later levels of an odd-even merge, three in one pass. At each of these levels blocks are compared like bricks in
// a wall: block 1 with 2, 3 with 4, ..., at half the size in the next level. A window of eight rows at a distance of
// `step` goes down the wall; the rows it has not finished (carry) stay in registers for the next place.
//
//   y(8m+ )  0 1 2 3|4 5 6 7 8 9 10 11      0..3: carried, 4..11: loaded
//   4 step           4-8 5-9 6-10 7-11
//   2 step       2-4 3-5   6-8 7-9          10, 11 wait for 12, 13
//   1 step     1-2 3-4 5-6 7-8              9 waits for 10
//   stored   0 1 2 3 4 5 6 7                8..11 are the next carry
import { lower, ROW, upper } from './network';

/** The levels 4, 2 and 1 `step` of the rows from `start` to `end`; `start + 4 step` is before `end`. */
export function mergeWindows(start: usize, end: usize, step: usize): void {
  if (step == ROW) windows(start, end, ROW);
  else if (step == 8 * ROW) windows(start, end, 8 * ROW);
  else windows(start, end, step);
}

// @ts-ignore: decorator
@inline
function windows(start: usize, end: usize, step: usize): void {
  for (let first = start, stop = start + step; first < stop; first += ROW) {
    let b = v128.load(first + step);
    let c = v128.load(first + 2 * step);
    let d = v128.load(first + 3 * step);
    let at = first;
    let left = <isize>(end - first - 4 * step);
    for (; left > 7 * <isize>step; left -= 8 * step, at += 8 * step) {
      const behind = at + 8 * step;
      let e = v128.load(at + 4 * step);
      let i = v128.load(behind);
      let low = lower(e, i); i = upper(e, i); e = low;
      let f = v128.load(at + 5 * step);
      let j = v128.load(behind + step);
      low = lower(f, j); j = upper(f, j); f = low;
      let g = v128.load(at + 6 * step);
      let k = v128.load(behind + 2 * step);
      low = lower(g, k); k = upper(g, k); g = low;
      let h = v128.load(at + 7 * step);
      let l = v128.load(behind + 3 * step);
      low = lower(h, l); l = upper(h, l); h = low;
      low = lower(c, e); e = upper(c, e); c = low;
      low = lower(d, f); f = upper(d, f); d = low;
      low = lower(g, i); i = upper(g, i); g = low;
      low = lower(h, j); j = upper(h, j); h = low;
      v128.store(at + step, lower(b, c));
      v128.store(at + 2 * step, upper(b, c));
      v128.store(at + 3 * step, lower(d, e));
      v128.store(at + 4 * step, upper(d, e));
      v128.store(at + 5 * step, lower(f, g));
      v128.store(at + 6 * step, upper(f, g));
      v128.store(at + 7 * step, lower(h, i));
      v128.store(behind, upper(h, i));
      b = j;
      c = k;
      d = l;
    }
    if (left == 4 * <isize>step) finish(4, at, step, b, c, d);
    else finish((left + <isize>step - 1) / <isize>step, at, step, b, c, d);
  }
}

/** The last place of the window, where only `count` (0..7) of its eight rows exist. */
// @ts-ignore: decorator
@inline
function finish(count: isize, at: usize, step: usize, b: v128, c: v128, d: v128): void {
  const behind = at + 8 * step;
  const fill = i32x4.splat(0x7fffffff);
  let e = fill;
  let f = fill;
  let g = fill;
  let h = fill;
  let i = fill;
  let j = fill;
  let k = fill;
  let low: v128;
  if (count > 0) e = v128.load(at + 4 * step);
  if (count > 1) f = v128.load(at + 5 * step);
  if (count > 2) g = v128.load(at + 6 * step);
  if (count > 3) h = v128.load(at + 7 * step);
  if (count > 4) {
    i = v128.load(behind);
    low = lower(e, i); i = upper(e, i); e = low;
  }
  if (count > 5) {
    j = v128.load(behind + step);
    low = lower(f, j); j = upper(f, j); f = low;
  }
  if (count > 6) {
    k = v128.load(behind + 2 * step);
    low = lower(g, k); k = upper(g, k); g = low;
  }
  low = lower(c, e); e = upper(c, e); c = low;
  low = lower(d, f); f = upper(d, f); d = low;
  if (count > 4) {
    low = lower(g, i); i = upper(g, i); g = low;
    low = lower(h, j); j = upper(h, j); h = low;
  }
  v128.store(at + step, lower(b, c));
  v128.store(at + 2 * step, upper(b, c));
  v128.store(at + 3 * step, lower(d, e));
  if (count > 0) v128.store(at + 4 * step, upper(d, e));
  if (count > 1) v128.store(at + 5 * step, lower(f, g));
  if (count > 2) v128.store(at + 6 * step, upper(f, g));
  if (count > 3) v128.store(at + 7 * step, lower(h, i));
  if (count > 4) v128.store(behind, upper(h, i));
  if (count > 5) v128.store(behind + step, lower(j, k));
  if (count > 6) v128.store(behind + 2 * step, upper(j, k));
}
