// The int8 scan: which rows may be hits, by their int8 copies (quantize.ts) and queries of int16 codes. A quarter of the
// bytes of the float32 scan, and exact integers: all that is off is what the codes are off by, which is bounded.
//
// No sum overflows: |row code| ≤ 127, |query code| ≤ (2³¹ - 1) / (127 × dims) and ≤ 32,767 (src/kernel/search/int8-bound.ts),
// so any of the products of a row and a query add up to 2³¹ - 1 at most.

/** Bytes of the terms of a query: five float64, see src/kernel/search/int8-bound.ts. */
const TERMS: usize = 40;

/**
 * Lists q * count + r, as uint32 at `list`, where the upper bound of the score of row r for query q is not below the float32
 * limit q; returns how many. What is not a number is listed.
 */
export function selectInt8(
  codes: usize,
  factors: usize,
  magnitudes: usize,
  count: usize,
  dims: usize,
  queries: usize,
  terms: usize,
  queryCount: usize,
  limits: usize,
  list: usize,
): u32 {
  const stride = (dims + 15) & ~15;
  const begin = list;
  let index: u32 = 0;
  for (; ASC_FEATURE_SIMD && queryCount >= 4; queryCount -= 4) {
    list = selectFour(codes, factors, magnitudes, count, stride, queries, terms, limits, list, index);
    queries += stride << 3;
    terms += 4 * TERMS;
    limits += 16;
    index += <u32>count << 2;
  }
  for (; queryCount; queryCount--) {
    list = selectOne(codes, factors, magnitudes, count, stride, queries, terms, limits, list, index);
    queries += stride << 1;
    terms += TERMS;
    limits += 4;
    index += <u32>count;
  }
  return <u32>((list - begin) >> 2);
}

/** The inner product of the codes of a row and of a query, `stride` of each, a multiple of 16. */
// @ts-ignore: decorator
@inline
export function codeProduct(codes: usize, query: usize, stride: usize): i32 {
  const end = codes + stride;
  if (!ASC_FEATURE_SIMD) {
    let sum: i32 = 0;
    for (; codes < end; codes += 2, query += 4) {
      sum += <i32>load<i8>(codes) * <i32>load<i16>(query) + <i32>load<i8>(codes, 1) * <i32>load<i16>(query, 2);
    }
    return sum;
  }
  let a = i32x4.splat(0);
  let b = a;
  for (; codes < end; codes += 16, query += 32) {
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(codes), v128.load(query)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(codes, 8), v128.load(query, 16)));
  }
  a = i32x4.add(a, b);
  a = i32x4.add(a, v128.shuffle<i32>(a, a, 2, 3, 0, 1));
  return i32x4.extract_lane(a, 0) + i32x4.extract_lane(a, 1);
}

function selectOne(
  codes: usize,
  factors: usize,
  magnitudes: usize,
  count: usize,
  stride: usize,
  query: usize,
  terms: usize,
  limit: usize,
  list: usize,
  index: u32,
): usize {
  for (; count; count--, factors += 8, magnitudes += 4, index++) {
    const sum = codeProduct(codes, query, stride);
    codes += stride;
    list = keep(sum, factors, magnitudes, terms, limit, list, index);
  }
  return list;
}

/** Four queries for every row: its codes are loaded and extended once for them. */
function selectFour(
  codes: usize,
  factors: usize,
  magnitudes: usize,
  count: usize,
  stride: usize,
  query: usize,
  terms: usize,
  limits: usize,
  list: usize,
  index: u32,
): usize {
  const queryBytes = stride << 1;
  const rows = <u32>count;
  for (; count; count--, factors += 8, magnitudes += 4, index++) {
    let a = i32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let q0 = query;
    let q1 = q0 + queryBytes;
    let q2 = q1 + queryBytes;
    let q3 = q2 + queryBytes;
    for (const end = codes + stride; codes < end; codes += 16, q0 += 32, q1 += 32, q2 += 32, q3 += 32) {
      let x = v128.load_ext<i8>(codes);
      a = i32x4.add(a, i32x4.dot_i16x8_s(x, v128.load(q0)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(x, v128.load(q1)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(x, v128.load(q2)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(x, v128.load(q3)));
      x = v128.load_ext<i8>(codes, 8);
      a = i32x4.add(a, i32x4.dot_i16x8_s(x, v128.load(q0, 16)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(x, v128.load(q1, 16)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(x, v128.load(q2, 16)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(x, v128.load(q3, 16)));
    }
    const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
    const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
    const sums = i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
    list = keep(i32x4.extract_lane(sums, 0), factors, magnitudes, terms, limits, list, index);
    list = keep(i32x4.extract_lane(sums, 1), factors, magnitudes, terms + TERMS, limits + 4, list, index + rows);
    list = keep(i32x4.extract_lane(sums, 2), factors, magnitudes, terms + 2 * TERMS, limits + 8, list, index + 2 * rows);
    list = keep(i32x4.extract_lane(sums, 3), factors, magnitudes, terms + 3 * TERMS, limits + 12, list, index + 3 * rows);
  }
  return list;
}

/** Lists a row unless its upper bound is below the limit; the end of the list. */
// @ts-ignore: decorator
@inline
function keep(
  sum: i32,
  factors: usize,
  magnitude: usize,
  terms: usize,
  limit: usize,
  list: usize,
  index: u32,
): usize {
  const scale = <f64>load<f32>(factors);
  const error = <f64>load<f32>(factors, 4);
  const length = <f64>load<f32>(magnitude);
  const upper =
    load<f64>(terms) +
    load<f64>(terms, 8) * scale * <f64>sum +
    load<f64>(terms, 16) * error +
    // Not one factor fewer: of a length beyond float32, which is Infinity, the difference must not be a number.
    (load<f64>(terms, 24) * length - load<f64>(terms, 32) * length * length);
  if (upper < <f64>load<f32>(limit)) return list;
  store<u32>(list, index);
  return list + 4;
}
