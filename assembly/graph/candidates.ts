// Candidates, nearest first: a distance (float32, not negative, not NaN) and a word for each, in two arrays. The word is the row
// and two flags. Equal distances are in the order in which they came.

export const EXPANDED: u32 = 1;
export const MAY_BE_HIT: u32 = 2;

// @ts-ignore: decorator
@inline
export function wordOf(row: u32, flags: u32): u32 {
  return (row << 2) | flags;
}

// @ts-ignore: decorator
@inline
export function rowOf(words: usize, i: u32): u32 {
  return load<u32>(words + (<usize>i << 2)) >> 2;
}

// @ts-ignore: decorator
@inline
export function distanceAt(distances: usize, i: u32): f32 {
  return load<f32>(distances + (<usize>i << 2));
}

/** Sorts `count` new candidates by counting, without a branch on what is found: there would be no telling. */
export function sort(distances: usize, words: usize, count: u32, ranks: usize, toDistances: usize, toWords: usize): void {
  const bytes = <usize>count << 2;
  countNearer(distances, bytes, ranks);
  for (let j: usize = 0; j < bytes; j += 4) {
    const at = <usize>load<u32>(ranks + j) << 2;
    store<f32>(toDistances + at, load<f32>(distances + j));
    store<u32>(toWords + at, load<u32>(words + j));
  }
}

/** For each of some candidates, how many are nearer, or no farther and before it. */
// @ts-ignore: decorator
@inline
function countNearer(distances: usize, bytes: usize, ranks: usize): void {
  if (ASC_FEATURE_SIMD) {
    v128.store(distances + bytes, f32x4.splat(f32.MAX_VALUE));
    for (let j: usize = 0; j < bytes; j += 4) {
      const distance = v128.load32_splat(distances + j);
      const before = j & ~15;
      let count = i32x4.splat(0);
      let i: usize = 0;
      for (; i < before; i += 16) count = i32x4.sub(count, f32x4.le(v128.load(distances + i), distance));
      // Among the four of its own group, only those before it count.
      const isBefore = i32x4.lt_s(i32x4(0, 4, 8, 12), i32x4.splat(<i32>(j & 15)));
      const some = v128.load(distances + i);
      const equal = v128.and(f32x4.eq(some, distance), isBefore);
      count = i32x4.sub(count, v128.or(f32x4.lt(some, distance), equal));
      for (i += 16; i < bytes; i += 16) count = i32x4.sub(count, f32x4.lt(v128.load(distances + i), distance));
      count = i32x4.add(count, v128.shuffle<i32>(count, count, 2, 3, 0, 1));
      store<i32>(ranks + j, i32x4.extract_lane(count, 0) + i32x4.extract_lane(count, 1));
    }
  } else {
    for (let j: usize = 0; j < bytes; j += 4) {
      const distance = load<f32>(distances + j);
      let rank: u32 = 0;
      for (let i: usize = 0; i < j; i += 4) {
        const before: u32 = load<f32>(distances + i) <= distance ? 1 : 0;
        rank += before;
        store<u32>(ranks + i, load<u32>(ranks + i) + (before ^ 1));
      }
      store<u32>(ranks + j, rank);
    }
  }
}

/**
 * Merges `more` sorted candidates into `length` sorted ones, with room for four more than all. Returns the place of the first
 * that came in.
 */
export function merge(
  distances: usize,
  words: usize,
  length: u32,
  newDistances: usize,
  newWords: usize,
  more: u32,
  ranks: usize,
): u32 {
  rank(distances, length, newDistances, more, ranks);
  let end = <usize>length << 2;
  for (let shift = <usize>more << 2; shift; shift -= 4) {
    const at = <usize>load<u32>(ranks + shift - 4) << 2;
    moveUp(distances + at, distances + end, shift);
    moveUp(words + at, words + end, shift);
    store<f32>(distances + at + shift - 4, load<f32>(newDistances + shift - 4));
    store<u32>(words + at + shift - 4, load<u32>(newWords + shift - 4));
    end = at;
  }
  return <u32>(end >> 2);
}

/** For each new candidate, how many of the old ones are no farther; by looking at all of them, four at a time. */
// @ts-ignore: decorator
@inline
function rank(distances: usize, length: u32, newDistances: usize, more: u32, ranks: usize): void {
  const end = distances + (<usize>length << 2);
  if (ASC_FEATURE_SIMD) {
    const none = f32x4.splat(f32.MAX_VALUE);
    v128.store(end, none);
    v128.store(newDistances + (<usize>more << 2), none);
    for (let j: u32 = 0; j < more; j += 4, newDistances += 16, ranks += 16) {
      const a = v128.load32_splat(newDistances);
      const b = v128.load32_splat(newDistances, 4);
      const c = v128.load32_splat(newDistances, 8);
      const d = v128.load32_splat(newDistances, 12);
      let countA = i32x4.splat(0);
      let countB = countA;
      let countC = countA;
      let countD = countA;
      for (let at = distances; at < end; at += 16) {
        const old = v128.load(at);
        countA = i32x4.sub(countA, f32x4.le(old, a));
        countB = i32x4.sub(countB, f32x4.le(old, b));
        countC = i32x4.sub(countC, f32x4.le(old, c));
        countD = i32x4.sub(countD, f32x4.le(old, d));
      }
      v128.store(ranks, sumsOf(countA, countB, countC, countD));
    }
  } else {
    let count: u32 = 0;
    for (let j: usize = 0; j < <usize>more << 2; j += 4) {
      while (count < length && distanceAt(distances, count) <= load<f32>(newDistances + j)) count++;
      store<u32>(ranks + j, count);
    }
  }
}

/** Lane i is the sum of the lanes of argument i. */
// @ts-ignore: decorator
@inline
export function sumsOf(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

/** Moves words up by `shift` bytes. */
// @ts-ignore: decorator
@inline
function moveUp(at: usize, end: usize, shift: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (; end - at >= 32; end -= 32) {
      const high = v128.load(end - 16);
      const low = v128.load(end - 32);
      v128.store(end - 16 + shift, high);
      v128.store(end - 32 + shift, low);
    }
  }
  for (; end > at; end -= 4) store<u32>(end - 4 + shift, load<u32>(end - 4));
}
