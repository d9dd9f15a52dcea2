/**
 * The search kernel in plain JavaScript: the readable specification of the WebAssembly ones, and the fallback where those
 * do not run. Scores are float64 until they are stored, which is well within the error bound of the scan.
 */
import { createJavaScriptCodes } from './javascript-codes.js';
import { queryBytes, type SearchKernelExports } from './search-kernel.js';

/** Adds up terms of one row and one query, by float32 index. */
type Sum = (row: number, query: number, dims: number) => number;

export function createJavaScriptSearchKernel(buffer: ArrayBufferLike): SearchKernelExports {
  const floats = new Float32Array(buffer);
  const words = new Uint32Array(buffer);

  // Four sums in a fixed order, as in assembly/search/exact.ts: the same bits.
  function dot(row: number, query: number, dims: number): number {
    const sums: [number, number, number, number] = [0, 0, 0, 0];
    for (let j = 0; j < dims; j++) sums[j & 3]! += floats[row + j]! * floats[query + j]!;
    return sums[0] + sums[1] + (sums[2] + sums[3]);
  }

  function distance(row: number, query: number, dims: number): number {
    const sums: [number, number, number, number] = [0, 0, 0, 0];
    for (let j = 0; j < dims; j++) {
      const difference = floats[row + j]! - floats[query + j]!;
      sums[j & 3]! += difference * difference;
    }
    return sums[0] + sums[1] + (sums[2] + sums[3]);
  }

  function scan(sum: Sum, sign: 1 | -1) {
    return (rows: number, count: number, dims: number, queries: number, queryCount: number, scores: number): void => {
      for (let q = 0; q < queryCount; q++) {
        const query = (queries + q * queryBytes(dims)) / 4;
        for (let r = 0; r < count; r++) {
          floats[scores / 4 + q * count + r] = sign * sum(rows / 4 + r * dims, query, dims);
        }
      }
    };
  }

  function select(
    scores: number,
    count: number,
    queryCount: number,
    limits: number,
    magnitudes: number,
    slack: number,
    list: number,
  ): number {
    let listed = 0;
    for (let index = 0; index < count * queryCount; index++) {
      const limit = floats[limits / 4 + Math.floor(index / count)]!;
      // With slack 0 an infinite magnitude must not make it NaN.
      const raised = slack === 0 ? 0 : Math.fround(Math.fround(slack) * floats[magnitudes / 4 + (index % count)]!);
      if (Math.fround(floats[scores / 4 + index]! + raised) < limit) continue;
      words[list / 4 + listed++] = index;
    }
    return listed;
  }

  return {
    ...createJavaScriptCodes(buffer),
    dots: scan(dot, 1),
    distances: scan(distance, -1),
    select,
    exactDot: (row, query, dims) => dot(row / 4, query / 4, dims),
    exactCosine(row, query, dims, queryLength) {
      return dot(row / 4, query / 4, dims) / (queryLength * Math.sqrt(dot(row / 4, row / 4, dims)));
    },
    exactDistance: (row, query, dims) => distance(row / 4, query / 4, dims),
    exactSquares: (row, dims) => dot(row / 4, row / 4, dims),
  };
}
