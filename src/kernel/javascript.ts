/**
 * The kernel in plain JavaScript: the readable specification of the other backends, and the fallback where WebAssembly
 * SIMD is missing or computes wrong.
 */
import type { KernelExports } from './kernel-exports.js';
import { EMPTY_VECTOR, NON_FINITE, ZERO_MAGNITUDE } from './rejection.js';

/** A kernel that works on `buffer`, shared or not. */
export function createJavaScriptKernel(buffer: ArrayBufferLike): KernelExports {
  const floats = new Float32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
  const bits = new Uint32Array(buffer, 0, floats.length);

  function rowAt(rows: number, index: number, dims: number): Float32Array {
    const first = rows / 4 + index * dims;
    return floats.subarray(first, first + dims);
  }

  /** Writes a row's magnitude or status; returns the magnitude in float64, 0 for a rejected row. */
  function measure(row: Float32Array, magnitude: number): number {
    // In float64 no square of a float32 overflows or underflows: the sum is 0 or not finite only if a component is.
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += row[i]! * row[i]!;
    if (row.length === 0) bits[magnitude / 4] = EMPTY_VECTOR;
    else if (sum === 0) bits[magnitude / 4] = ZERO_MAGNITUDE;
    else if (!Number.isFinite(sum)) bits[magnitude / 4] = NON_FINITE;
    else {
      floats[magnitude / 4] = Math.sqrt(sum);
      return Math.sqrt(sum);
    }
    return 0;
  }

  function normalizeRow(row: Float32Array, magnitude: number): number {
    const length = measure(row, magnitude);
    if (length === 0) {
      row.fill(0);
      return 1;
    }
    for (let i = 0; i < row.length; i++) row[i] = row[i]! / length;
    return 0;
  }

  return {
    magnitudes(rows, count, dims, magnitudes) {
      let rejected = 0;
      for (let i = 0; i < count; i++) if (measure(rowAt(rows, i, dims), magnitudes + 4 * i) === 0) rejected++;
      return rejected;
    },
    normalize(rows, count, dims, magnitudes) {
      let rejected = 0;
      for (let i = 0; i < count; i++) rejected += normalizeRow(rowAt(rows, i, dims), magnitudes + 4 * i);
      return rejected;
    },
    sort(rows, count, dims) {
      for (let i = 0; i < count; i++) rowAt(rows, i, dims).sort();
    },
    process(rows, count, dims, magnitudes) {
      let rejected = 0;
      for (let i = 0; i < count; i++) {
        const row = rowAt(rows, i, dims);
        rejected += normalizeRow(row, magnitudes + 4 * i);
        row.sort();
      }
      return rejected;
    },
  };
}
