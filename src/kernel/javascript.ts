/**
 * The kernel in plain JavaScript: the readable specification of the WebAssembly ones, and the fallback where those do
 * not run. Sums are float64, so no square of a float32 overflows or vanishes.
 */
import type { KernelExports } from './kernel-exports.js';
import { EMPTY_VECTOR, NON_FINITE, ZERO_MAGNITUDE } from './rejection.js';

export function createJavaScriptKernel(buffer: ArrayBufferLike): KernelExports {
  const floats = new Float32Array(buffer);
  const words = new Uint32Array(buffer);

  function settle(rows: number, count: number, dims: number, magnitudes: number, scaled: boolean): number {
    let rejected = 0;
    for (let i = 0; i < count; i++) {
      const first = rows / 4 + i * dims;
      const sum = squareSum(floats, first, dims);
      const status = statusOf(sum, dims);
      if (status === 0) {
        const magnitude = Math.sqrt(sum);
        floats[magnitudes / 4 + i] = magnitude;
        if (scaled) for (let j = first; j < first + dims; j++) floats[j] = floats[j]! / magnitude;
      } else {
        words[magnitudes / 4 + i] = status;
        if (scaled) floats.fill(0, first, first + dims);
        rejected++;
      }
    }
    return rejected;
  }

  function sort(rows: number, count: number, dims: number): void {
    for (let i = 0; i < count; i++) {
      const first = rows / 4 + i * dims;
      floats.subarray(first, first + dims).sort();
    }
  }

  return {
    magnitudes: (rows, count, dims, magnitudes) => settle(rows, count, dims, magnitudes, false),
    normalize: (rows, count, dims, magnitudes) => settle(rows, count, dims, magnitudes, true),
    sort,
    process(rows, count, dims, magnitudes) {
      const rejected = settle(rows, count, dims, magnitudes, true);
      sort(rows, count, dims);
      return rejected;
    },
  };
}

function squareSum(floats: Float32Array, first: number, dims: number): number {
  let sum = 0;
  for (let j = first; j < first + dims; j++) sum += floats[j]! * floats[j]!;
  return sum;
}

/** 0 for a row that can be indexed. */
function statusOf(sum: number, dims: number): number {
  if (dims === 0) return EMPTY_VECTOR;
  if (sum === 0) return ZERO_MAGNITUDE;
  return sum < Infinity ? 0 : NON_FINITE;
}
