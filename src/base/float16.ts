/**
 * IEEE 754 half precision (float16), to and from float32. Widening is exact, NaN payloads included. Both work on bit patterns.
 * Widening uses a table of all 65,536 values (256 KiB), which is made at first use.
 */

/** Writes the float32 bits of `halves` (float16 bits) to `target`, from index `at` on. */
export function widenHalvesInto(target: Uint32Array, at: number, halves: Uint16Array): void {
  table ??= createTable();
  for (let i = 0; i < halves.length; i++) target[at + i] = table[halves[i]!]!;
}

let table: Uint32Array | undefined;

function createTable(): Uint32Array {
  return Uint32Array.from({ length: 65_536 }, (_, half) => toSingleBits(half));
}

// Half: 1 sign, 5 exponent (bias 15), 10 fraction bits. Single: 1, 8 (bias 127), 23.
function toSingleBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A denormal half is fraction × 2^-24: its highest bit becomes the implicit one of a normal single.
  const highest = 31 - Math.clz32(fraction);
  return sign | ((highest + 103) << 23) | ((fraction << (23 - highest)) & 0x7fffff);
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of the float16 nearest to `x`, of two that are as near the even one. Right up to the greatest float16, 65,504. */
export function narrowHalf(x: number): number {
  float[0] = x;
  const size = bits[0]! & 0x7fffffff;
  const sign = (bits[0]! >>> 16) & 0x8000;
  if (size >= 0x38800000) return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
  // Below 2^-14 steps are of 2^-24, those of a single from 0.5 on.
  float[0] = Math.abs(float[0]) + 0.5;
  return sign | (bits[0]! - 0x3f000000);
}
