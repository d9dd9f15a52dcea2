/**
 * Rows of one length that lie densely in a source, as numbers of one type: what `.npy`, `.fbin`, `.safetensors` and `.h5`
 * have behind their headers. float32 goes from the source straight into the matrix; float16, bfloat16 and float64 through
 * staging memory. A float64 beyond float32 becomes ±Infinity.
 */
import { widenHalvesInto } from './float16.js';
import { type ByteSource, STAGING_BYTES } from './format.js';
import type { ReadRowsInto } from './row-chunks.js';

export type FloatType = 'float16' | 'bfloat16' | 'float32' | 'float64';

export const FLOAT_BYTES: Readonly<Record<FloatType, number>> = { float16: 2, bfloat16: 2, float32: 4, float64: 8 };

/** @param dataOffset byte offset of the first component of the first row */
export function createRowReader(source: ByteSource, dataOffset: number, dims: number, type: FloatType): ReadRowsInto {
  if (type === 'float32') {
    return (data, first) =>
      source.readInto(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), dataOffset + first * dims * 4);
  }
  const itemBytes = FLOAT_BYTES[type];
  const staging = new Uint8Array(Math.min(STAGING_BYTES, source.byteLength - dataOffset));
  const stagedItems = Math.floor(staging.length / itemBytes);
  return async (data, first) => {
    for (let at = 0; at < data.length; at += stagedItems) {
      const piece = staging.subarray(0, Math.min(stagedItems, data.length - at) * itemBytes);
      await source.readInto(piece, dataOffset + (first * dims + at) * itemBytes);
      decodeInto(data, at, piece, type);
    }
  };
}

/** Decodes `bytes`, which begin at a multiple of 8 in their memory, to `data` from `at` on. */
function decodeInto(data: Float32Array, at: number, bytes: Uint8Array, type: Exclude<FloatType, 'float32'>): void {
  const { buffer, byteOffset, length } = bytes;
  if (type === 'float64') {
    data.set(new Float64Array(buffer, byteOffset, length / 8), at);
    return;
  }
  const halves = new Uint16Array(buffer, byteOffset, length / 2);
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  if (type === 'float16') widenHalvesInto(bits, at, halves);
  // A bfloat16 is the upper half of a float32.
  else for (let i = 0; i < halves.length; i++) bits[at + i] = halves[i]! << 16;
}
