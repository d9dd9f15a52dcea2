/**
 * A bit for each of some rows, where threads that share memory can read it: uint32 words, the lowest bit first.
 */
import { boundPlatform } from '../engine/lanes/platform.js';

/** All bits 0. */
export function createBits(rows: number): ArrayBufferLike {
  const bytes = 4 * Math.ceil(rows / 32);
  return boundPlatform().sharesMemory ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}

export function setBit(bits: Uint32Array, row: number): void {
  bits[row >>> 5]! |= 1 << (row & 31);
}

export function clearBit(bits: Uint32Array, row: number): void {
  bits[row >>> 5]! &= ~(1 << (row & 31));
}

export function hasBit(bits: Uint32Array, row: number): boolean {
  return ((bits[row >>> 5]! >>> (row & 31)) & 1) === 1;
}

/** The bits that are 1 in both. */
export function bothBits(a: ArrayBufferLike, b: ArrayBufferLike): ArrayBufferLike {
  const one = new Uint32Array(a);
  const other = new Uint32Array(b);
  const both = createBits(8 * Math.min(a.byteLength, b.byteLength));
  const words = new Uint32Array(both);
  for (let i = 0; i < words.length; i++) words[i] = one[i]! & other[i]!;
  return both;
}
