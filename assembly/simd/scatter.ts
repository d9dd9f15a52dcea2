// The way out of the scratch: sorted scratch rows become float32 components of four rows again, scaled by a factor of
// each lane. The last pass of the last merge does it from its registers.
import { firstHalves, secondHalves, unpackHigh, unpackLow } from './gather';
import { lower, ROW, upper } from './network';
import { storePart, toKeys } from './quad';

/** Writes `dims` scratch rows at `from` to the rows at `r0`..`r3`. */
export function scatter(r0: usize, r1: usize, r2: usize, r3: usize, dims: usize, from: usize, factors: v128): void {
  for (let column: usize = 0; column < dims; column += 4) {
    const at = column << 2;
    const row = from + column * ROW;
    const length = dims - column;
    const a = toFloats(v128.load(row), factors);
    const b = toFloats(v128.load(row, ROW), factors);
    const c = toFloats(v128.load(row, 2 * ROW), factors);
    const d = toFloats(v128.load(row, 3 * ROW), factors);
    const low = unpackLow(a, b);
    const lowBehind = unpackLow(c, d);
    const high = unpackHigh(a, b);
    const highBehind = unpackHigh(c, d);
    if (length >= 4) {
      v128.store(r0 + at, firstHalves(low, lowBehind));
      v128.store(r1 + at, secondHalves(low, lowBehind));
      v128.store(r2 + at, firstHalves(high, highBehind));
      v128.store(r3 + at, secondHalves(high, highBehind));
    } else {
      storePart(r0 + at, firstHalves(low, lowBehind), length);
      storePart(r1 + at, secondHalves(low, lowBehind), length);
      storePart(r2 + at, firstHalves(high, highBehind), length);
      storePart(r3 + at, secondHalves(high, highBehind), length);
    }
  }
}

/**
 * The levels 4, 2 and 1 of the last merge (see merge-windows.ts) of `dims` rows at `from`, straight to the rows at
 * `r0`..`r3`. `end` is behind the last scratch row, 24 rows or more.
 */
export function scatterWindows(r0: usize, r1: usize, r2: usize, r3: usize, dims: usize, from: usize, end: usize, factors: v128): void {
  let a = v128.load(from);
  let b = v128.load(from, ROW);
  let c = v128.load(from, 2 * ROW);
  let d = v128.load(from, 3 * ROW);
  let low: v128;
  let at = from + 4 * ROW;
  for (; end - at >= 8 * ROW; at += 8 * ROW) {
    let e = v128.load(at);
    let i = v128.load(at, 4 * ROW);
    low = lower(e, i); i = upper(e, i); e = low;
    low = lower(c, e); e = upper(c, e); c = low;
    low = lower(b, c); c = upper(b, c); b = low;
    let f = v128.load(at, ROW);
    let j = v128.load(at, 5 * ROW);
    low = lower(f, j); j = upper(f, j); f = low;
    low = lower(d, f); f = upper(d, f); d = low;
    low = lower(d, e); e = upper(d, e); d = low;
    scatterQuads(r0, r1, r2, r3, a, b, c, d, factors);

    let g = v128.load(at, 2 * ROW);
    let k = v128.load(at, 6 * ROW);
    low = lower(g, k); k = upper(g, k); g = low;
    low = lower(g, i); i = upper(g, i); g = low;
    low = lower(f, g); g = upper(f, g); f = low;
    let h = v128.load(at, 3 * ROW);
    let l = v128.load(at, 7 * ROW);
    low = lower(h, l); l = upper(h, l); h = low;
    low = lower(h, j); j = upper(h, j); h = low;
    low = lower(h, i); i = upper(h, i); h = low;
    scatterQuads(r0 + 16, r1 + 16, r2 + 16, r3 + 16, e, f, g, h, factors);
    a = i;
    b = j;
    c = k;
    d = l;
    r0 += 32;
    r1 += 32;
    r2 += 32;
    r3 += 32;
  }
  // Four rows are left to load.
  let e = v128.load(at);
  let f = v128.load(at, ROW);
  let g = v128.load(at, 2 * ROW);
  const h = v128.load(at, 3 * ROW);
  low = lower(c, e); e = upper(c, e); c = low;
  low = lower(d, f); f = upper(d, f); d = low;
  at -= 4 * ROW;
  v128.store(at, a);
  v128.store(at, lower(b, c), ROW);
  v128.store(at, upper(b, c), 2 * ROW);
  v128.store(at, lower(d, e), 3 * ROW);
  v128.store(at, upper(d, e), 4 * ROW);
  v128.store(at, lower(f, g), 5 * ROW);
  v128.store(at, upper(f, g), 6 * ROW);
  v128.store(at, h, 7 * ROW);
  scatter(r0, r1, r2, r3, dims - (at - from) / ROW, at, factors);
}

// @ts-ignore: decorator
@inline
function scatterQuads(r0: usize, r1: usize, r2: usize, r3: usize, a: v128, b: v128, c: v128, d: v128, factors: v128): void {
  a = toFloats(a, factors);
  b = toFloats(b, factors);
  c = toFloats(c, factors);
  d = toFloats(d, factors);
  let ab = unpackLow(a, b);
  let cd = unpackLow(c, d);
  v128.store(r0, firstHalves(ab, cd));
  v128.store(r1, secondHalves(ab, cd));
  ab = unpackHigh(a, b);
  cd = unpackHigh(c, d);
  v128.store(r2, firstHalves(ab, cd));
  v128.store(r3, secondHalves(ab, cd));
}

// @ts-ignore: decorator
@inline
function toFloats(keys: v128, factors: v128): v128 {
  return f32x4.mul(toKeys(keys), factors);
}
