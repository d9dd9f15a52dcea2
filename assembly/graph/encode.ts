// Codes of rows. The graph has codes of its own, since it asks other things of them than the int8 scan: they are relative to a
// centre, which distances do not notice and which leaves nothing but what tells rows apart; they are beside what scores them; and
// below 64 components they are float32, since a byte each would not tell near rows apart.
//
// A component x is ((x - centre) × factor), rounded once, and within ±2⁵⁰: no square of up to 65,537 of them overflows.
import { CENTER, DIMS, FACTOR, FLOATS, recordOf, rowBelow, SCALE, SQUARE, TAIL, UPPER, UPPER_SHIFT } from './layout';

const SMALLEST: f32 = 7.888609052210118e-31; // 2⁻¹⁰⁰
const LARGEST: f64 = 1125899906842624; // 2⁵⁰
const ROUNDER: f32 = 12582912; // 1.5 × 2²³

/**
 * Makes the records of `count` rows, from row `first` on, but for their parents.
 *
 * @param rows dense, float32
 * @param given components of a row: DIMS, or one less, and then the last one is the next of `lifts`
 * @param lifts float32 for each row
 */
export function encode(graph: usize, rows: usize, first: u32, count: u32, given: u32, lifts: usize): void {
  const dims = load<u32>(graph, DIMS);
  const tail = <usize>load<u32>(graph, TAIL);
  const floats = load<u32>(graph, FLOATS) != 0;
  for (let row = first; row < first + count; row++, rows += <usize>given << 2, lifts += 4) {
    const record = recordOf(graph, row);
    if (floats) encodeFloats(graph, rows, dims, given, lifts, record, tail);
    else encodeBytes(graph, rows, dims, given, lifts, record, tail);
    copyUp(graph, row, tail + 8);
  }
}

/** The graphs above have copies of the records, so that what they read is together. */
function copyUp(graph: usize, row: u32, bytes: usize): void {
  for (;;) {
    const upper = <usize>load<u32>(graph, UPPER);
    if (!upper || rowBelow(row >> UPPER_SHIFT) != row) return;
    const from = recordOf(graph, row);
    const to = recordOf(upper, row >> UPPER_SHIFT);
    for (let i: usize = 0; i < bytes; i += 4) store<u32>(to + i, load<u32>(from + i));
    graph = upper;
    row >>= UPPER_SHIFT;
  }
}

/** A component as it is coded. */
// @ts-ignore: decorator
@inline
function component(x: f32, center: f64, factor: f64): f32 {
  const moved = (<f64>x - center) * factor;
  return <f32>(moved > LARGEST ? LARGEST : moved < -LARGEST ? -LARGEST : moved);
}

/** Component `j` of a row; the last one may be the row's lift. */
// @ts-ignore: decorator
@inline
function componentAt(row: usize, given: u32, lift: usize, center: usize, factor: f64, j: u32): f32 {
  const x = load<f32>(j < given ? row + (<usize>j << 2) : lift);
  return component(x, load<f64>(center + (<usize>j << 3)), factor);
}

/** Four components, by the same steps. */
// @ts-ignore: decorator
@inline
function fourComponents(row: usize, center: usize, factor: v128): v128 {
  const codedLow = withinLargest(twoMoved(row, center, factor));
  const codedHigh = withinLargest(twoMoved(row + 8, center + 16, factor));
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(codedLow), f32x4.demote_f64x2_zero(codedHigh), 0, 2);
}

/** Two components before they are limited and rounded. */
// @ts-ignore: decorator
@inline
function twoMoved(row: usize, center: usize, factor: v128): v128 {
  return f64x2.mul(f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(row)), v128.load(center)), factor);
}

// @ts-ignore: decorator
@inline
function withinLargest(x: v128): v128 {
  return f64x2.pmax(f64x2.pmin(x, f64x2.splat(LARGEST)), f64x2.splat(-LARGEST));
}

/** Components of a row that are taken four at a time. */
// @ts-ignore: decorator
@inline
function inFours(dims: u32, given: u32): u32 {
  return ASC_FEATURE_SIMD ? min<u32>(dims, given) & ~3 : 0;
}

function encodeFloats(graph: usize, row: usize, dims: u32, given: u32, lift: usize, record: usize, tail: usize): void {
  const center = <usize>load<u32>(graph, CENTER);
  const factor = load<f64>(graph, FACTOR);
  const fours = inFours(dims, given);
  if (ASC_FEATURE_SIMD) {
    const factors = f64x2.splat(factor);
    for (let j: usize = 0; j < fours; j += 4) {
      v128.store(record + (j << 2), fourComponents(row + (j << 2), center + (j << 3), factors));
    }
  }
  for (let j = fours; j < dims; j++) {
    store<f32>(record + (<usize>j << 2), componentAt(row, given, lift, center, factor, j));
  }
  for (let at = record + (<usize>dims << 2); at < record + tail; at += 4) store<f32>(at, 0);
  store<f32>(record + tail, 0, SCALE);
  store<f32>(record + tail, 0, SQUARE);
}

/** No code is beyond 127, as in assembly/search/quantize.ts. */
function encodeBytes(graph: usize, row: usize, dims: u32, given: u32, lift: usize, record: usize, tail: usize): void {
  const center = <usize>load<u32>(graph, CENTER);
  const factor = load<f64>(graph, FACTOR);
  const fours = inFours(dims, given);
  let largest: f32 = 0;
  if (ASC_FEATURE_SIMD) {
    // The largest is looked for before it is limited and rounded, once: both keep the order.
    const factors = f64x2.splat(factor);
    let low = f64x2.splat(0);
    let high = f64x2.splat(0);
    for (let j: usize = 0; j < fours; j += 4) {
      const at = row + (j << 2);
      low = f64x2.pmax(low, f64x2.abs(twoMoved(at, center + (j << 3), factors)));
      high = f64x2.pmax(high, f64x2.abs(twoMoved(at + 8, center + (j << 3) + 16, factors)));
    }
    low = f64x2.pmax(low, high);
    const most = max<f64>(f64x2.extract_lane(low, 0), f64x2.extract_lane(low, 1));
    largest = <f32>min<f64>(most, LARGEST);
  }
  for (let j = fours; j < dims; j++) {
    largest = max<f32>(largest, abs<f32>(componentAt(row, given, lift, center, factor, j)));
  }
  const scale: f32 = largest < SMALLEST ? 0 : largest / 127;
  const inverse: f32 = scale > 0 ? 1 / scale : 0;
  let squares = 0;
  if (ASC_FEATURE_SIMD) {
    const factors = f64x2.splat(factor);
    const inverses = f32x4.splat(inverse);
    const rounder = f32x4.splat(ROUNDER);
    const zero = i32x4.splat(0);
    let sums = zero;
    for (let j: usize = 0; j < fours; j += 4) {
      const x = f32x4.mul(fourComponents(row + (j << 2), center + (j << 3), factors), inverses);
      // The last bits of x + ROUNDER are the code: it is rounded where ones begin.
      const codes = i32x4.sub(f32x4.add(x, rounder), rounder);
      const halves = i16x8.narrow_i32x4_s(codes, zero);
      sums = i32x4.add(sums, i32x4.dot_i16x8_s(halves, halves));
      v128.store_lane<i32>(record + j, i8x16.narrow_i16x8_s(halves, halves), 0);
    }
    squares = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1);
  }
  for (let j = fours; j < dims; j++) {
    const code = <i32>(componentAt(row, given, lift, center, factor, j) * inverse + ROUNDER - ROUNDER);
    store<i8>(record + j, <i8>code);
    squares += code * code;
  }
  for (let at = record + dims; at < record + tail; at++) store<u8>(at, 0);
  store<f32>(record + tail, scale, SCALE);
  store<f32>(record + tail, scale * scale * <f32>squares, SQUARE);
}
