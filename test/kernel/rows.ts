/**
 * Rows for the tests, from a seed: every kind of component a float32 can be.
 */
import fc from 'fast-check';
import { runsOf } from '../seed.js';
import type { Rows } from './workbench.js';

const kinds = {
  uniform: (random: () => number) => random() * 2 - 1,
  ties: (random: () => number) => Math.round(random() * 4 - 2) || (random() < 0.5 ? -0 : 0),
  constant: () => 0.1,
  wide: (random: () => number) => (random() - 0.5) * 10 ** (random() * 60 - 30),
  huge: (random: () => number) => (random() - 0.5) * 6e38,
  tiny: (random: () => number) => (random() - 0.5) * 1e-30,
  denormal: (random: () => number) => (random() - 0.5) * 2e-39,
  mixed: (random: () => number) => (random() - 0.5) * [1e38, 1, 1e-20, 1e-40][Math.floor(random() * 4)]!,
  bits: (random: () => number) => asFloat(random() * 2 ** 32),
} satisfies Record<string, (random: () => number) => number>;

export type Kind = keyof typeof kinds;
export const allKinds = Object.keys(kinds) as Kind[];

const word = new DataView(new ArrayBuffer(4));

/** Any bits at all: NaN of both signs, infinities, denormals. */
function asFloat(bits: number): number {
  word.setUint32(0, bits);
  return word.getFloat32(0);
}

export function createRows(seed: number, kind: Kind | 'any', count: number, dims: number, shift: number): Rows {
  let state = seed | 1;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const data = new Float32Array(count * dims);
  for (let i = 0; i < count; i++) {
    // 'any': each row of a kind of its own, one in eight all zeros, one in eight with something not finite in it.
    const make = kinds[kind === 'any' ? allKinds[Math.floor(random() * allKinds.length)]! : kind];
    const row = data.subarray(i * dims, (i + 1) * dims);
    for (let j = 0; j < dims; j++) row[j] = make(random);
    if (kind !== 'any') continue;
    const fate = random() * 8;
    if (fate < 1) row.fill(0);
    else if (fate < 2) row[Math.floor(random() * dims)] = [Number.NaN, Infinity, -Infinity][Math.floor(random() * 3)]!;
  }
  return { data, count, dims, shift };
}

/** One to nine rows of few components, at any 4-byte boundary. */
export const anyRows: fc.Arbitrary<Rows> = fc
  .record({
    seed: fc.integer(),
    kind: fc.constantFrom<Kind | 'any'>('any', 'any', ...allKinds),
    count: fc.integer({ min: 1, max: 9 }),
    dims: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 40 }) },
      { weight: 2, arbitrary: fc.integer({ min: 41, max: 140 }) },
    ),
    shift: fc.integer({ min: 0, max: 15 }),
  })
  .map(({ seed, kind, count, dims, shift }) => createRows(seed, kind, count, dims, shift));

export const numRuns = runsOf(1000);
