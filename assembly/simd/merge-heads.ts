// The first levels of an odd-even merge, three or four of them in one pass. The rows at a distance of `step` from each
// other, y0, y1, ..., equally many of both runs, form a merge of their own that no other row takes part in:
// y0..y3 with y4..y7 (three levels), y0..y7 with y8..y15 (four).
//
// A second run that ends early has fill behind its end, or the comparators that reach there are left out: they could
// only compare with a key larger than all, and change nothing.
import { lower, upper } from './lanes';
import { ROW } from './scratch';

/** Three levels of the merge of `start`..`start + 4 step` with as many rows. */
export function mergeThreeLevels(start: usize, step: usize): void {
  threeLevels(start, step, 4);
}

/** Three levels of the merge of `start`..`start + 4 step` with half as many rows, as 384, 768 and 1,536 have it. */
export function mergeThreeLevelsOfSix(start: usize, step: usize): void {
  threeLevels(start, step, 2);
}

/** The merge of four rows with `behind` rows, four or two. */
// @ts-ignore: decorator
@inline
function threeLevels(start: usize, step: usize, behind: i32): void {
  for (let at = start, stop = start + step; at < stop; at += ROW) {
    let a = v128.load(at);
    let e = v128.load(at + 4 * step);
    v128.store(at, lower(a, e));
    e = upper(a, e);

    let c = v128.load(at + 2 * step);
    let g = e;
    let low: v128;
    if (behind == 4) {
      g = v128.load(at + 6 * step);
      low = lower(c, g); g = upper(c, g); c = low;
    }
    low = lower(c, e); e = upper(c, e); c = low;

    let b = v128.load(at + step);
    let f = v128.load(at + 5 * step);
    low = lower(b, f); f = upper(b, f); b = low;
    v128.store(at + step, lower(b, c));
    v128.store(at + 2 * step, upper(b, c));

    let d = v128.load(at + 3 * step);
    if (behind == 4) {
      let h = v128.load(at + 7 * step);
      v128.store(at + 7 * step, upper(d, h));
      d = lower(d, h);
    }
    low = lower(d, f); f = upper(d, f); d = low;
    v128.store(at + 3 * step, lower(d, e));
    v128.store(at + 4 * step, upper(d, e));
    if (behind == 4) {
      v128.store(at + 5 * step, lower(f, g));
      v128.store(at + 6 * step, upper(f, g));
    } else {
      v128.store(at + 5 * step, f);
    }
  }
}

/** Four levels of the merge of `start`..`start + 8 step` with `start + 8 step`..`start + 16 step`. */
export function mergeFourLevels(start: usize, step: usize): void {
  for (let at = start, stop = start + step; at < stop; at += ROW) {
    const behind = at + 8 * step;
    let a = v128.load(at);
    let i = v128.load(behind);
    v128.store(at, lower(a, i));
    i = upper(a, i);

    let e = v128.load(at + 4 * step);
    let m = v128.load(behind + 4 * step);
    let low = lower(e, m); m = upper(e, m); e = low;
    low = lower(e, i); i = upper(e, i); e = low;

    let c = v128.load(at + 2 * step);
    let k = v128.load(behind + 2 * step);
    low = lower(c, k); k = upper(c, k); c = low;
    low = lower(c, e); e = upper(c, e); c = low;

    let b = v128.load(at + step);
    let j = v128.load(behind + step);
    low = lower(b, j); j = upper(b, j); b = low;
    v128.store(at + step, lower(b, c));
    v128.store(at + 2 * step, upper(b, c));

    let f = v128.load(at + 5 * step);
    let n = v128.load(behind + 5 * step);
    low = lower(f, n); n = upper(f, n); f = low;
    low = lower(f, j); j = upper(f, j); f = low;

    let d = v128.load(at + 3 * step);
    let l = v128.load(behind + 3 * step);
    low = lower(d, l); l = upper(d, l); d = low;
    low = lower(d, f); f = upper(d, f); d = low;
    v128.store(at + 3 * step, lower(d, e));
    v128.store(at + 4 * step, upper(d, e));

    let g = v128.load(at + 6 * step);
    let o = v128.load(behind + 6 * step);
    low = lower(g, o); o = upper(g, o); g = low;
    low = lower(g, k); k = upper(g, k); g = low;
    low = lower(g, i); i = upper(g, i); g = low;
    v128.store(at + 5 * step, lower(f, g));
    v128.store(at + 6 * step, upper(f, g));

    let h = v128.load(at + 7 * step);
    let p = v128.load(behind + 7 * step);
    v128.store(behind + 7 * step, upper(h, p));
    h = lower(h, p);
    low = lower(h, l); l = upper(h, l); h = low;
    low = lower(h, j); j = upper(h, j); h = low;
    v128.store(at + 7 * step, lower(h, i));
    v128.store(behind, upper(h, i));
    low = lower(k, m); m = upper(k, m); k = low;
    v128.store(behind + step, lower(j, k));
    v128.store(behind + 2 * step, upper(j, k));
    low = lower(l, n); n = upper(l, n); l = low;
    v128.store(behind + 3 * step, lower(l, m));
    v128.store(behind + 4 * step, upper(l, m));
    v128.store(behind + 5 * step, lower(n, o));
    v128.store(behind + 6 * step, upper(n, o));
  }
}

/**
 * One level by itself: of the blocks of `step` bytes from `start`, block 1 with block 2, 3 with 4, ... as far as `end`.
 * (The first level of a merge has its block 1 where the first run begins.)
 */
export function mergeOneLevel(start: usize, end: usize, step: usize): void {
  for (let block = start + step; block < end; block += 2 * step) {
    const stop = min(block + step, end - step);
    for (let at = block; at < stop; at += ROW) {
      const a = v128.load(at);
      const b = v128.load(at + step);
      v128.store(at, lower(a, b));
      v128.store(at + step, upper(a, b));
    }
  }
}
