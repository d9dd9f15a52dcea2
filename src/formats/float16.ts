/**
 * IEEE 754 half precision to single, exactly: every half is a single, NaN payloads included (a signalling NaN stays one).
 * Works on bit patterns, by a table of all 65,536 halves (256 KiB) made at first use.
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
