// Squared distances of rows from a query, by their codes, in float32: the same bits in every build and in the JavaScript twin.
//
// Int8: a row is s·c, its square b = s²|c|²; the query t·p with codes of 16 bits. |t·p - s·c|² = b + b' - 2ts(p·c), where p·c
// is an integer below 2³¹. For equal codes and scales it is exactly 0: b is rounded as ts(p·c) is.
// Float32: four sums, of the components j, j + 4, j + 8, ..., of squared differences.
import { sumsOf } from './candidates';
import { FLOATS, QUERY, RECORDS, SCALE, SQUARE, STRIDE, TAIL } from './layout';

/** Writes the distances of `count` rows; ids and distances have room for a multiple of four. */
export function distances(graph: usize, query: usize, ids: usize, count: u32, out: usize): void {
  const records = <usize>load<u32>(graph, RECORDS);
  const stride = <usize>load<u32>(graph, STRIDE);
  const tail = <usize>load<u32>(graph, TAIL);
  const floats = load<u32>(graph, FLOATS) != 0;
  if (!count) return;
  const last = load<u32>(ids + (<usize>(count - 1) << 2));
  for (let i = count; i & 3; i++) store<u32>(ids + (<usize>i << 2), last);
  for (const end = ids + (<usize>count << 2); ids < end; ids += 16, out += 16) {
    const a = records + <usize>load<u32>(ids) * stride;
    const b = records + <usize>load<u32>(ids, 4) * stride;
    const c = records + <usize>load<u32>(ids, 8) * stride;
    const d = records + <usize>load<u32>(ids, 12) * stride;
    if (floats) floatDistances(query, a, b, c, d, tail, out);
    else codeDistances(query, a, b, c, d, tail, out);
  }
}

/** The four rows share what is loaded of the query, and their records are read at the same time. */
// @ts-ignore: decorator
@inline
function codeDistances(query: usize, a: usize, b: usize, c: usize, d: usize, tail: usize, out: usize): void {
  if (ASC_FEATURE_SIMD) {
    let sumA = i32x4.splat(0);
    let sumB = sumA;
    let sumC = sumA;
    let sumD = sumA;
    for (const end = a + tail; a < end; a += 16, b += 16, c += 16, d += 16, query += 32) {
      const low = v128.load(query);
      const high = v128.load(query, 16);
      sumA = i32x4.add(sumA, i32x4.dot_i16x8_s(v128.load8x8_s(a), low));
      sumB = i32x4.add(sumB, i32x4.dot_i16x8_s(v128.load8x8_s(b), low));
      sumC = i32x4.add(sumC, i32x4.dot_i16x8_s(v128.load8x8_s(c), low));
      sumD = i32x4.add(sumD, i32x4.dot_i16x8_s(v128.load8x8_s(d), low));
      sumA = i32x4.add(sumA, i32x4.dot_i16x8_s(v128.load8x8_s(a, 8), high));
      sumB = i32x4.add(sumB, i32x4.dot_i16x8_s(v128.load8x8_s(b, 8), high));
      sumC = i32x4.add(sumC, i32x4.dot_i16x8_s(v128.load8x8_s(c, 8), high));
      sumD = i32x4.add(sumD, i32x4.dot_i16x8_s(v128.load8x8_s(d, 8), high));
    }
    // Now the pointers are at the tails.
    const dots = sumsOf(sumA, sumB, sumC, sumD);
    // Scale and square of two rows each, taken apart.
    const tailsAB = v128.load64_lane(b, v128.load64_zero(a), 1);
    const tailsCD = v128.load64_lane(d, v128.load64_zero(c), 1);
    const scales = v128.shuffle<i32>(tailsAB, tailsCD, 0, 2, 4, 6);
    const squares = v128.shuffle<i32>(tailsAB, tailsCD, 1, 3, 5, 7);
    const product = f32x4.mul(f32x4.mul(v128.load32_splat(query, SCALE), scales), f32x4.convert_i32x4_s(dots));
    const sum = f32x4.add(v128.load32_splat(query, SQUARE), squares);
    v128.store(out, f32x4.max(f32x4.sub(sum, f32x4.add(product, product)), f32x4.splat(0)));
  } else {
    store<f32>(out, codeDistance(query, a, tail));
    store<f32>(out, codeDistance(query, b, tail), 4);
    store<f32>(out, codeDistance(query, c, tail), 8);
    store<f32>(out, codeDistance(query, d, tail), 12);
  }
}

function codeDistance(query: usize, row: usize, tail: usize): f32 {
  let dot = 0;
  for (const end = row + tail; row < end; row += 4, query += 8) {
    dot += <i32>load<i8>(row) * <i32>load<i16>(query) + <i32>load<i8>(row, 1) * <i32>load<i16>(query, 2);
    dot += <i32>load<i8>(row, 2) * <i32>load<i16>(query, 4) + <i32>load<i8>(row, 3) * <i32>load<i16>(query, 6);
  }
  const product: f32 = load<f32>(query, SCALE) * load<f32>(row, SCALE) * <f32>dot;
  return max<f32>(load<f32>(query, SQUARE) + load<f32>(row, SQUARE) - (product + product), 0);
}

// @ts-ignore: decorator
@inline
function floatDistances(query: usize, a: usize, b: usize, c: usize, d: usize, tail: usize, out: usize): void {
  store<f32>(out, floatDistance(query, a, tail));
  store<f32>(out, floatDistance(query, b, tail), 4);
  store<f32>(out, floatDistance(query, c, tail), 8);
  store<f32>(out, floatDistance(query, d, tail), 12);
}

function floatDistance(query: usize, row: usize, tail: usize): f32 {
  if (ASC_FEATURE_SIMD) {
    let sum = f32x4.splat(0);
    for (const end = row + tail; row < end; row += 16, query += 16) {
      const difference = f32x4.sub(v128.load(row), v128.load(query));
      sum = f32x4.add(sum, f32x4.mul(difference, difference));
    }
    return (
      f32x4.extract_lane(sum, 0) +
      f32x4.extract_lane(sum, 1) +
      (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3))
    );
  }
  let sum0: f32 = 0;
  let sum1: f32 = 0;
  let sum2: f32 = 0;
  let sum3: f32 = 0;
  for (const end = row + tail; row < end; row += 16, query += 16) {
    sum0 += square(load<f32>(row) - load<f32>(query));
    sum1 += square(load<f32>(row, 4) - load<f32>(query, 4));
    sum2 += square(load<f32>(row, 8) - load<f32>(query, 8));
    sum3 += square(load<f32>(row, 12) - load<f32>(query, 12));
  }
  return sum0 + sum1 + (sum2 + sum3);
}

// @ts-ignore: decorator
@inline
function square(x: f32): f32 {
  return x * x;
}

/** Makes a row the query: its codes in 16 bits, its scale and its square. */
export function useRow(graph: usize, row: u32, query: usize): void {
  const tail = <usize>load<u32>(graph, TAIL);
  let from = <usize>load<u32>(graph, RECORDS) + <usize>row * <usize>load<u32>(graph, STRIDE);
  const end = from + tail;
  if (load<u32>(graph, FLOATS)) {
    for (; from < end; from += 4, query += 4) store<f32>(query, load<f32>(from));
  } else if (ASC_FEATURE_SIMD) {
    for (; from < end; from += 8, query += 16) v128.store(query, v128.load8x8_s(from));
  } else {
    for (; from < end; from++, query += 2) store<i16>(query, <i16>load<i8>(from));
  }
  store<f32>(query, load<f32>(end, SCALE), SCALE);
  store<f32>(query, load<f32>(end, SQUARE), SQUARE);
}
