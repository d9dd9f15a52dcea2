import { EMPTY_VECTOR, NON_FINITE, ZERO_MAGNITUDE } from './status';

function squareSum(row: usize, dims: usize): f64 {
  let sum: f64 = 0;
  for (let end = row + (dims << 2); row < end; row += 4) {
    const x = <f64>load<f32>(row);
    sum += x * x;
  }
  return sum;
}

function storeStatus(sum: f64, dims: usize, magnitude: usize): i32 {
  if (dims == 0) store<i32>(magnitude, EMPTY_VECTOR);
  else if (sum == 0) store<i32>(magnitude, ZERO_MAGNITUDE);
  else if (!(sum < Infinity)) store<i32>(magnitude, NON_FINITE);
  else {
    store<f32>(magnitude, <f32>Math.sqrt(sum));
    return 0;
  }
  return 1;
}

/** Writes the magnitude of each of `count` rows; returns how many were rejected. */
export function magnitudes(rows: usize, count: usize, dims: usize, magnitudes: usize): i32 {
  let rejected = 0;
  for (let i: usize = 0; i < count; i++) {
    rejected += storeStatus(squareSum(rows + i * dims * 4, dims), dims, magnitudes + i * 4);
  }
  return rejected;
}

/** Normalises `count` rows in place and writes their magnitudes; rejected rows become zeros. Returns how many. */
export function normalize(rows: usize, count: usize, dims: usize, magnitudes: usize): i32 {
  let rejected = 0;
  for (let i: usize = 0; i < count; i++) {
    const row = rows + i * dims * 4;
    const sum = squareSum(row, dims);
    const bad = storeStatus(sum, dims, magnitudes + i * 4);
    rejected += bad;
    const inverse = bad ? 0 : 1 / Math.sqrt(sum);
    for (let p = row, end = row + dims * 4; p < end; p += 4) {
      store<f32>(p, bad ? 0 : <f32>(<f64>load<f32>(p) * inverse));
    }
  }
  return rejected;
}
