import { normalize } from './normalize';
import { sort } from './sort';

/** Normalises `count` rows in place, writes their magnitudes and sorts each row. Returns how many were rejected. */
export function process(rows: usize, count: usize, dims: usize, magnitudes: usize, scratch: usize): i32 {
  const rejected = normalize(rows, count, dims, magnitudes);
  sort(rows, count, dims, scratch);
  return rejected;
}
