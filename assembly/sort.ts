// @ts-ignore: decorator
@inline
function key(bits: i32): i32 {
  return bits ^ ((bits >> 31) >>> 1);
}

/** Sorts the components of each of `count` rows ascending, in place. */
export function sort(rows: usize, count: usize, dims: usize, scratch: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const row = rows + i * dims * 4;
    for (let j: usize = 1; j < dims; j++) {
      const bits = load<i32>(row + j * 4);
      let p = row + j * 4;
      while (p > row && key(load<i32>(p - 4)) > key(bits)) {
        store<i32>(p, load<i32>(p - 4));
        p -= 4;
      }
      store<i32>(p, bits);
    }
  }
}
