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

/** The component as it is coded. */
// @ts-ignore: decorator
@inline
function component(graph: usize, rows: usize, given: u32, lifts: usize, j: u32): f32 {
  const x = <f64>load<f32>(j < given ? rows + (<usize>j << 2) : lifts);
  const center = load<f64>(<usize>load<u32>(graph, CENTER) + (<usize>j << 3));
  return <f32>min<f64>(max<f64>((x - center) * load<f64>(graph, FACTOR), -LARGEST), LARGEST);
}

function encodeFloats(graph: usize, rows: usize, dims: u32, given: u32, lifts: usize, record: usize, tail: usize): void {
  for (let j: u32 = 0; j < dims; j++) store<f32>(record + (<usize>j << 2), component(graph, rows, given, lifts, j));
  for (let at = record + (<usize>dims << 2); at < record + tail; at += 4) store<f32>(at, 0);
  store<f32>(record + tail, 0, SCALE);
  store<f32>(record + tail, 0, SQUARE);
}

/** As assembly/search/quantize.ts has it: no code is beyond 127. */
function encodeBytes(graph: usize, rows: usize, dims: u32, given: u32, lifts: usize, record: usize, tail: usize): void {
  let largest: f32 = 0;
  for (let j: u32 = 0; j < dims; j++) largest = max<f32>(largest, abs<f32>(component(graph, rows, given, lifts, j)));
  const scale: f32 = largest < SMALLEST ? 0 : largest / 127;
  const inverse: f32 = scale > 0 ? 1 / scale : 0;
  let squares = 0;
  for (let j: u32 = 0; j < dims; j++) {
    const code = <i32>(component(graph, rows, given, lifts, j) * inverse + ROUNDER - ROUNDER);
    store<i8>(record + j, <i8>code);
    squares += code * code;
  }
  for (let at = record + dims; at < record + tail; at++) store<u8>(at, 0);
  store<f32>(record + tail, scale, SCALE);
  store<f32>(record + tail, scale * scale * <f32>squares, SQUARE);
}
