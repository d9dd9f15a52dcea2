/**
 * The JavaScript search kernel's part for codes and for rows in less than float32: as assembly/search/quantize.ts, select-int8.ts and
 * compact.ts have it, the same bits.
 */
import { narrowHalf, widenHalvesInto } from '../../base/float16.js';
import { TOO_LARGE } from '../rejection.js';
import type { CodeExports } from './search-kernel.js';
import { codeCount, FACTOR_BYTES, INT8_TERMS } from './search-kernel.js';

const { fround } = Math;
const SMALLEST = 2 ** -100;
const ROUNDER = 12_582_912;
const LARGEST_HALF = 65_504;
const LARGEST = 3.4028234663852886e38;

export function createJavaScriptCodes(buffer: ArrayBufferLike): CodeExports {
  const floats = new Float32Array(buffer);
  const words = new Uint32Array(buffer);
  const bytes = new Int8Array(buffer);
  const view = new DataView(buffer);
  const float = (at: number) => view.getFloat32(at, true);
  const setFloat = (at: number, x: number) => view.setFloat32(at, x, true);

  /** Returns the sum of the squares of what the codes are off by. */
  function writeCodes(row: number, dims: number, codes: number, inverse: number): number {
    const sums: [number, number, number, number] = [0, 0, 0, 0];
    const square = (j: number) => {
      if (j >= dims) {
        bytes[codes + j] = 0;
        return 0;
      }
      const x = fround(floats[row / 4 + j]! * inverse);
      const code = fround(fround(x + ROUNDER) - ROUNDER);
      bytes[codes + j] = code;
      const off = fround(x - code);
      return fround(off * off);
    };
    for (let j = 0; j < dims; j += 16) {
      for (let lane = 0; lane < 4; lane++) {
        const ab = fround(square(j + lane) + square(j + lane + 4));
        const cd = fround(square(j + lane + 8) + square(j + lane + 12));
        sums[lane] = fround(sums[lane]! + fround(ab + cd));
      }
    }
    return fround(fround(sums[0] + sums[1]) + fround(sums[2] + sums[3]));
  }

  function quantizeRow(row: number, dims: number, codes: number, factors: number): void {
    let largest = 0;
    for (let j = 0; j < dims; j++) largest = Math.max(largest, Math.abs(floats[row / 4 + j]!));
    const scale = largest < SMALLEST ? 0 : fround(largest / 127);
    const root = Math.sqrt(dims);
    let error = root * largest;
    if (scale > 0) {
      const squares = writeCodes(row, dims, codes, fround(1 / scale));
      error = scale * (Math.sqrt(squares) * (1 + (dims + 16) * 2 ** -24) + root * 2 ** -16);
    } else {
      bytes.fill(0, codes, codes + codeCount(dims));
    }
    setFloat(factors, scale);
    setFloat(factors + 4, error * (1 + 2 ** -22) + 2 ** -149);
  }

  function codeProduct(codes: number, query: number, stride: number): number {
    let sum = 0;
    for (let j = 0; j < stride; j++) sum += bytes[codes + j]! * view.getInt16(query + 2 * j, true);
    return sum;
  }

  function widenCodes(codes: number, dims: number, scale: number, target: number): void {
    for (let j = 0; j < dims; j++) floats[target / 4 + j] = bytes[codes + j]! * scale;
  }

  function widen(halves: number, count: number, target: number): void {
    widenHalvesInto(words, target / 4, new Uint16Array(buffer, halves, count));
  }

  return {
    quantize(rows, count, dims, codes, factors) {
      for (let r = 0; r < count; r++) {
        quantizeRow(rows + 4 * dims * r, dims, codes + codeCount(dims) * r, factors + FACTOR_BYTES * r);
      }
    },

    selectInt8(codes, factors, magnitudes, count, dims, queries, terms, queryCount, limits, list) {
      const stride = codeCount(dims);
      let listed = 0;
      for (let q = 0; q < queryCount; q++) {
        const query = new Int16Array(buffer, queries + 2 * q * stride, stride);
        const [constant, product, error, magnitude, square] = Array.from({ length: INT8_TERMS }, (_, i) =>
          view.getFloat64(terms + 8 * (q * INT8_TERMS + i), true),
        ) as [number, number, number, number, number];
        const limit = float(limits + 4 * q);
        for (let r = 0; r < count; r++) {
          let sum = 0;
          for (let j = 0, at = codes + r * stride; j < dims; j++) sum += bytes[at + j]! * query[j]!;
          const [scale, off] = [float(factors + FACTOR_BYTES * r), float(factors + FACTOR_BYTES * r + 4)];
          const length = float(magnitudes + 4 * r);
          const upper =
            constant + product * scale * sum + error * off + (magnitude * length - square * length * length);
          if (!(upper < limit)) words[list / 4 + listed++] = q * count + r;
        }
      }
      return listed;
    },

    codeProduct,

    narrow(rows, count, dims, halves, magnitudes) {
      for (let r = 0; r < count; r++) {
        const target = new Uint16Array(buffer, halves + 2 * dims * r, dims);
        if (Number.isNaN(float(magnitudes + 4 * r))) {
          target.fill(0);
          continue;
        }
        const row = floats.subarray(rows / 4 + r * dims, rows / 4 + (r + 1) * dims);
        if (row.some((x) => Math.abs(x) > LARGEST_HALF)) {
          target.fill(0);
          words[magnitudes / 4 + r] = TOO_LARGE;
          continue;
        }
        for (let j = 0; j < dims; j++) target[j] = narrowHalf(row[j]!);
        widen(halves + 2 * dims * r, dims, rows + 4 * dims * r);
      }
    },

    widen,

    keepCodes(codes, count, dims, factors, magnitudes, unit) {
      for (let r = 0; r < count; r++) {
        const [at, factor, magnitude] = [codes + r * codeCount(dims), factors + FACTOR_BYTES * r, magnitudes + 4 * r];
        let squares = 0;
        for (let j = 0; j < dims; j++) squares += bytes[at + j]! ** 2;
        const length = Math.sqrt(squares);
        if (unit) setFloat(factor, squares > 0 ? 1 / length : 0);
        while (float(factor) * 127 > LARGEST) words[factor / 4]!--;
        const scale = float(factor);
        const error = length * scale * 2 ** -24 + Math.sqrt(dims) * 2 ** -149;
        setFloat(factor + 4, error * (1 + 2 ** -20) + 2 ** -149);
        if (!unit && !Number.isNaN(float(magnitude))) setFloat(magnitude, scale * length);
      }
    },

    widenCodes,
  };
}
