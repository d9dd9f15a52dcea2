// The sort of the build without SIMD: one row at a time, by its bytes from the lowest to the highest, or by insertion
// where a row is too short to be worth the counting.
//
// Scratch: 4 x 256 counters, then room for one row. The four passes go row -> scratch -> row -> scratch -> row.

const DIGITS: usize = 4;
const COUNTERS: usize = 256 * 4;
const SHORT: usize = 64;

/** Sorts `dims` float32 at `row` in the order of their bits, -0 before +0. */
export function sortRow(row: usize, dims: usize, scratch: usize): void {
  if (dims < SHORT) return insertionSort(row, dims);
  const spare = scratch + DIGITS * COUNTERS;
  countDigits(row, dims, scratch);
  // Keys are made in the first pass and made floats again in the last.
  distribute(row, spare, dims, scratch, 0);
  distribute(spare, row, dims, scratch + COUNTERS, 8);
  distribute(row, spare, dims, scratch + 2 * COUNTERS, 16);
  distribute(spare, row, dims, scratch + 3 * COUNTERS, 24);
}

/** float32 bits as unsigned integers of the same order. */
// @ts-ignore: decorator
@inline
function toKey(bits: i32): u32 {
  return bits ^ ((bits >> 31) | 0x80000000);
}

// @ts-ignore: decorator
@inline
function toBits(key: u32): i32 {
  return key ^ ((~(<i32>key) >> 31) | 0x80000000);
}

/** Counts every digit in one pass; the counters become the places where each digit's keys begin. */
function countDigits(row: usize, dims: usize, counters: usize): void {
  memory.fill(counters, 0, DIGITS * COUNTERS);
  for (let at: usize = 0; at < dims << 2; at += 4) {
    const key = toKey(load<i32>(row + at));
    increment(counters + ((key & 0xff) << 2));
    increment(counters + COUNTERS + ((key >> 6) & 0x3fc));
    increment(counters + 2 * COUNTERS + ((key >> 14) & 0x3fc));
    increment(counters + 3 * COUNTERS + ((key >> 22) & 0x3fc));
  }
  let place0: u32 = 0;
  let place1: u32 = 0;
  let place2: u32 = 0;
  let place3: u32 = 0;
  for (let end = counters + COUNTERS; counters < end; counters += 4) {
    let count = load<u32>(counters);
    store<u32>(counters, place0);
    place0 += count << 2;
    count = load<u32>(counters, COUNTERS);
    store<u32>(counters, place1, COUNTERS);
    place1 += count << 2;
    count = load<u32>(counters, 2 * COUNTERS);
    store<u32>(counters, place2, 2 * COUNTERS);
    place2 += count << 2;
    count = load<u32>(counters, 3 * COUNTERS);
    store<u32>(counters, place3, 3 * COUNTERS);
    place3 += count << 2;
  }
}

// @ts-ignore: decorator
@inline
function increment(counter: usize): void {
  store<u32>(counter, load<u32>(counter) + 1);
}

// @ts-ignore: decorator
@inline
function distribute(from: usize, to: usize, dims: usize, places: usize, shift: u32): void {
  for (let at: usize = 0; at < dims << 2; at += 4) {
    const key = shift ? load<u32>(from + at) : toKey(load<i32>(from + at));
    const place = places + (((key >> shift) & 0xff) << 2);
    const target = load<u32>(place);
    store<u32>(place, target + 4);
    store<u32>(to + target, shift == 24 ? toBits(key) : key);
  }
}

function insertionSort(row: usize, dims: usize): void {
  for (let next: usize = 4; next < dims << 2; next += 4) {
    const bits = load<i32>(row + next);
    const key = toKey(bits);
    let at = next;
    while (at) {
      const before = load<i32>(row + at - 4);
      if (toKey(before) <= key) break;
      store<i32>(row + at, before);
      at -= 4;
    }
    store<i32>(row + at, bits);
  }
}
