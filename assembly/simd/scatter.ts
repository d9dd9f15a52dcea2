// The way out of the scratch: sorted scratch rows become float32 components of four rows again, scaled by a factor of
// each lane. The levels 4, 2 and 1 of the last merge (see merge-windows.ts) are done on the way, in registers; they
// change nothing where all merges are done, as those of 8, 16 and 32 components are.
import { firstHalves, lower, secondHalves, toKeys, unpackHigh, unpackLow, upper } from './lanes';
import { COPIES, FILL, ROW, ROWS, sizeOf } from './scratch';

/** Writes `dims` components to each of the rows at `r0`..`r3`. */
export function scatter(r0: usize, r1: usize, r2: usize, r3: usize, dims: usize, scratch: usize, factors: v128): void {
  // With fill behind the last row, the window needs no last place of another kind.
  const end = scratch + ROWS + sizeOf(dims);
  v128.store(end, i32x4.splat(FILL));
  v128.store(end, i32x4.splat(FILL), ROW);
  v128.store(end, i32x4.splat(FILL), 2 * ROW);
  v128.store(end, i32x4.splat(FILL), 3 * ROW);

  const copies = scratch + COPIES;
  let at = scratch + ROWS;
  let p0 = r0;
  let p1 = r1;
  let p2 = r2;
  let p3 = r3;
  let a = v128.load(at);
  let b = v128.load(at, ROW);
  let c = v128.load(at, 2 * ROW);
  let d = v128.load(at, 3 * ROW);
  let low: v128;
  for (; at < end; at += 8 * ROW) {
    if (at == end - 8 * ROW && dims & 7) {
      p0 = copies;
      p1 = copies + 32;
      p2 = copies + 64;
      p3 = copies + 96;
    }
    let e = v128.load(at, 4 * ROW);
    let i = v128.load(at, 8 * ROW);
    low = lower(e, i); i = upper(e, i); e = low;
    low = lower(c, e); e = upper(c, e); c = low;
    low = lower(b, c); c = upper(b, c); b = low;
    let f = v128.load(at, 5 * ROW);
    let j = v128.load(at, 9 * ROW);
    low = lower(f, j); j = upper(f, j); f = low;
    low = lower(d, f); f = upper(d, f); d = low;
    low = lower(d, e); e = upper(d, e); d = low;
    storeQuads(p0, p1, p2, p3, a, b, c, d, factors);

    let g = v128.load(at, 6 * ROW);
    let k = v128.load(at, 10 * ROW);
    low = lower(g, k); k = upper(g, k); g = low;
    low = lower(g, i); i = upper(g, i); g = low;
    low = lower(f, g); g = upper(f, g); f = low;
    let h = v128.load(at, 7 * ROW);
    let l = v128.load(at, 11 * ROW);
    low = lower(h, l); l = upper(h, l); h = low;
    low = lower(h, j); j = upper(h, j); h = low;
    low = lower(h, i); i = upper(h, i); h = low;
    storeQuads(p0 + 16, p1 + 16, p2 + 16, p3 + 16, e, f, g, h, factors);
    p0 += 32;
    p1 += 32;
    p2 += 32;
    p3 += 32;
    a = i;
    b = j;
    c = k;
    d = l;
  }

  if (dims & 7) {
    const done = (dims & ~7) << 2;
    copyRest(copies, r0 + done, dims);
    copyRest(copies + 32, r1 + done, dims);
    copyRest(copies + 64, r2 + done, dims);
    copyRest(copies + 96, r3 + done, dims);
  }
}

function copyRest(from: usize, to: usize, dims: usize): void {
  for (let left = dims & 7; left; left--, from += 4, to += 4) store<i32>(to, load<i32>(from));
}

// @ts-ignore: decorator
@inline
function storeQuads(
  r0: usize,
  r1: usize,
  r2: usize,
  r3: usize,
  a: v128,
  b: v128,
  c: v128,
  d: v128,
  factors: v128,
): void {
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
