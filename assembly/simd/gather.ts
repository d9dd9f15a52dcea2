// The way into the scratch: components of four rows become scratch rows of four keys, in sorted runs of eight, and
// their squares are summed up. Lane r of every scratch row belongs to row r of the group.
import { firstHalves, lower, secondHalves, toKeys, unpackHigh, unpackLow, upper } from './lanes';
import { COPIES, FILL, ROW, UNUSED } from './scratch';
import { addSquares, fold, loadQuad } from './squares';

/**
 * Takes `columns` (8, 16, ... 64) components of the rows at `r0`..`r3` into runs of eight at `to` and adds their
 * squares to the float64 sums at `totals`, two of each row.
 */
export function gather(r0: usize, r1: usize, r2: usize, r3: usize, columns: usize, to: usize, totals: usize): void {
  let sums0 = f32x4.splat(0);
  let sums1 = f32x4.splat(0);
  let sums2 = f32x4.splat(0);
  let sums3 = f32x4.splat(0);

  for (; columns >= 8; columns -= 8) {
    let x0 = v128.load(r0);
    let x1 = v128.load(r1);
    let x2 = v128.load(r2);
    let x3 = v128.load(r3);
    x0 = toKeys(x0);
    x1 = toKeys(x1);
    x2 = toKeys(x2);
    x3 = toKeys(x3);
    let ab = unpackLow(x0, x1);
    let cd = unpackLow(x2, x3);
    const k0 = firstHalves(ab, cd);
    const k1 = secondHalves(ab, cd);
    ab = unpackHigh(x0, x1);
    cd = unpackHigh(x2, x3);
    const k2 = firstHalves(ab, cd);
    const k3 = secondHalves(ab, cd);

    x0 = v128.load(r0, 16);
    x1 = v128.load(r1, 16);
    x2 = v128.load(r2, 16);
    x3 = v128.load(r3, 16);
    x0 = toKeys(x0);
    x1 = toKeys(x1);
    x2 = toKeys(x2);
    x3 = toKeys(x3);
    ab = unpackLow(x0, x1);
    cd = unpackLow(x2, x3);
    const k4 = firstHalves(ab, cd);
    const k5 = secondHalves(ab, cd);
    ab = unpackHigh(x0, x1);
    cd = unpackHigh(x2, x3);
    const k6 = firstHalves(ab, cd);
    const k7 = secondHalves(ab, cd);

    // Loaded once more: kept from above, they would fill the registers that the network needs.
    sums0 = addSquares(sums0, v128.load(r0), v128.load(r0, 16));
    sums1 = addSquares(sums1, v128.load(r1), v128.load(r1, 16));
    sums2 = addSquares(sums2, v128.load(r2), v128.load(r2, 16));
    sums3 = addSquares(sums3, v128.load(r3), v128.load(r3, 16));
    storeSorted(to, k0, k1, k2, k3, k4, k5, k6, k7);
    r0 += 32;
    r1 += 32;
    r2 += 32;
    r3 += 32;
    to += 8 * ROW;
  }

  v128.store(totals, fold(v128.load(totals), sums0));
  v128.store(totals, fold(v128.load(totals, 16), sums1), 16);
  v128.store(totals, fold(v128.load(totals, 32), sums2), 32);
  v128.store(totals, fold(v128.load(totals, 48), sums3), 48);
}

/** Takes the last `columns` (1..7) components of the rows, filled up to eight. */
export function gatherRest(r0: usize, r1: usize, r2: usize, r3: usize, columns: usize, to: usize, totals: usize): void {
  const copies = totals + COPIES;
  takeRest(r0, columns, totals, copies);
  takeRest(r1, columns, totals + 16, copies + 32);
  takeRest(r2, columns, totals + 32, copies + 64);
  takeRest(r3, columns, totals + 48, copies + 96);
  // The squares of the fill mean nothing: they go where nobody reads.
  gather(copies, copies + 32, copies + 64, copies + 96, 8, to, totals + UNUSED);
}

/** Adds the squares of a row's last components to its sums and copies them, filled up. */
function takeRest(row: usize, columns: isize, total: usize, copy: usize): void {
  const quad = loadQuad(row, columns);
  const next = loadQuad(row + 16, columns - 4);
  v128.store(total, fold(v128.load(total), addSquares(f32x4.splat(0), quad, next)));
  v128.store(copy, v128.or(quad, fillFrom(columns)));
  v128.store(copy, v128.or(next, fillFrom(columns - 4)), 16);
}

/** Fill in all lanes from `length` on, zero before. */
// @ts-ignore: decorator
@inline
function fillFrom(length: isize): v128 {
  return v128.and(i32x4.splat(FILL), i32x4.ge_s(i32x4(0, 1, 2, 3), i32x4.splat(<i32>length)));
}

/** Sorts eight scratch rows lane by lane: 19 comparators, the fewest there are, in 6 layers. */
// @ts-ignore: decorator
@inline
function storeSorted(to: usize, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): void {
  let low = lower(a, c); c = upper(a, c); a = low;
  low = lower(b, d); d = upper(b, d); b = low;
  low = lower(e, g); g = upper(e, g); e = low;
  low = lower(f, h); h = upper(f, h); f = low;

  low = lower(a, e); e = upper(a, e); a = low;
  low = lower(b, f); f = upper(b, f); b = low;
  low = lower(c, g); g = upper(c, g); c = low;
  low = lower(d, h); h = upper(d, h); d = low;

  low = lower(a, b); b = upper(a, b); a = low;
  low = lower(c, d); d = upper(c, d); c = low;
  low = lower(e, f); f = upper(e, f); e = low;
  low = lower(g, h); h = upper(g, h); g = low;
  v128.store(to, a);
  v128.store(to, h, 7 * ROW);

  low = lower(c, e); e = upper(c, e); c = low;
  low = lower(d, f); f = upper(d, f); d = low;

  low = lower(b, e); e = upper(b, e); b = low;
  low = lower(d, g); g = upper(d, g); d = low;

  v128.store(to, lower(b, c), ROW);
  v128.store(to, upper(b, c), 2 * ROW);
  v128.store(to, lower(d, e), 3 * ROW);
  v128.store(to, upper(d, e), 4 * ROW);
  v128.store(to, lower(f, g), 5 * ROW);
  v128.store(to, upper(f, g), 6 * ROW);
}
