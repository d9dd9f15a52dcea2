/**
 * One suite over all backends of the search kernel: scores within the proven bound of a float64 oracle, lists as the
 * definition has them, exact scores to the same bits everywhere.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileSearchKernel } from '../../src/kernel/search/compile-search-kernel.js';
import { instantiateSearchKernel } from '../../src/kernel/search/instantiate-search-kernel.js';
import { queryBytes, type SearchKernelExports } from '../../src/kernel/search/search-kernel.js';
import { indexingKernel } from './indexing-kernel.js';

const backends = ['simd', 'scalar', 'javascript'] as const;
const PAGES = 40;
const GUARD = 0x7fc0a5a5;

interface Bench {
  readonly kernel: SearchKernelExports;
  readonly floats: Float32Array;
  readonly words: Uint32Array;
}

async function bench(backend: (typeof backends)[number]): Promise<Bench> {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const { compiled: kernel } = await compileSearchKernel(await indexingKernel(backend), true);
  expect(kernel.backend).toBe(backend);
  const instance = instantiateSearchKernel(kernel, memory);
  return { kernel: instance, floats: new Float32Array(memory.buffer), words: new Uint32Array(memory.buffer) };
}

interface Case {
  readonly rows: Float32Array[];
  readonly queries: Float32Array[];
  readonly dims: number;
}

/** Lays a case out between guards; what lies behind the rows is NaN. Returns byte addresses. */
function place({ floats, words }: Bench, { rows, queries, dims }: Case) {
  words.fill(GUARD);
  const at = { rows: 256, queries: 0, scores: 0, end: 0 };
  for (const [i, row] of rows.entries()) floats.set(row, at.rows / 4 + i * dims);
  at.queries = 64 * Math.ceil((at.rows + 4 * dims * rows.length + 64) / 64);
  for (const [i, query] of queries.entries()) {
    const first = (at.queries + i * queryBytes(dims)) / 4;
    floats.fill(0, first, first + queryBytes(dims) / 4);
    floats.set(query, first);
  }
  at.scores = at.queries + queries.length * queryBytes(dims) + 64;
  at.end = at.scores + 4 * rows.length * queries.length;
  return at;
}

function sums(row: Float32Array, query: Float32Array) {
  let dot = 0;
  let absolute = 0;
  let distance = 0;
  for (let j = 0; j < row.length; j++) {
    dot += row[j]! * query[j]!;
    absolute += Math.abs(row[j]! * query[j]!);
    distance += (row[j]! - query[j]!) ** 2;
  }
  return { dot, absolute, distance };
}

/** The bound of error-bound.ts, written down once more. */
function gamma(dims: number): number {
  const roundings = Math.ceil(Math.min(dims, 1024) / 4) + 8 + Math.ceil(dims / 1024) + 3;
  return (roundings * 2 ** -24) / (1 - roundings * 2 ** -24);
}

function randomCase(seed: number, dims: number, count: number, queryCount: number): Case {
  let state = seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  // Magnitudes of every kind that neither overflow nor vanish altogether.
  const row = () => {
    const scale = 2 ** Math.round(20 * random());
    return Float32Array.from({ length: dims }, () => random() * scale);
  };
  return { dims, rows: Array.from({ length: count }, row), queries: Array.from({ length: queryCount }, row) };
}

const shapes = fc.record({
  seed: fc.integer(),
  dims: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(100, 384, 1023, 1024, 1025, 2500)),
  count: fc.integer({ min: 1, max: 19 }),
  queryCount: fc.integer({ min: 1, max: 13 }),
});

describe.each(backends)('the %s search kernel', (backend) => {
  test.each(['dots', 'distances'] as const)('%s are within the bound, and nothing else is written', async (name) => {
    const on = await bench(backend);
    fc.assert(
      fc.property(shapes, ({ seed, dims, count, queryCount }) => {
        const given = randomCase(seed, dims, count, queryCount);
        const at = place(on, given);
        const before = on.words.slice();
        on.kernel[name](at.rows, count, dims, at.queries, queryCount, at.scores);
        for (let q = 0; q < queryCount; q++) {
          for (let r = 0; r < count; r++) {
            const { dot, absolute, distance } = sums(given.rows[r]!, given.queries[q]!);
            const score = on.floats[at.scores / 4 + q * count + r]!;
            const [expected, size] = name === 'dots' ? [dot, absolute] : [-distance, distance];
            expect(Math.abs(score - expected)).toBeLessThanOrEqual(gamma(dims) * size + dims * 2 ** -149);
          }
        }
        on.words.set(before.subarray(at.scores / 4, at.end / 4), at.scores / 4);
        expect(Buffer.compare(Buffer.from(on.words.slice().buffer), Buffer.from(before.buffer))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('selects what is not below the limit of its query, NaN and overflow among it', async () => {
    const on = await bench(backend);
    const value = fc.oneof(
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1),
      fc.float({ min: -2, max: 2, noNaN: true }),
    );
    const input = fc.record({
      count: fc.integer({ min: 1, max: 11 }),
      queryCount: fc.integer({ min: 1, max: 5 }),
      slack: fc.constantFrom(0, 0.25, 2 ** -20),
      values: fc.array(value, { minLength: 80, maxLength: 80 }),
    });
    fc.assert(
      fc.property(input, ({ count, queryCount, slack, values }) => {
        on.words.fill(GUARD);
        const [scores, magnitudes, limits, list] = [256, 1024, 2048, 4096];
        on.floats.set(values.slice(0, 55), scores / 4);
        on.floats.set(values.slice(55, 66).map(Math.abs), magnitudes / 4);
        on.floats.set(values.slice(66, 71), limits / 4);
        const expected: number[] = [];
        for (let index = 0; index < count * queryCount; index++) {
          const limit = Math.fround(values[66 + Math.floor(index / count)]!);
          const raised = slack === 0 ? 0 : Math.fround(slack * Math.abs(Math.fround(values[55 + (index % count)]!)));
          if (!(Math.fround(Math.fround(values[index]!) + raised) < limit)) expected.push(index);
        }
        const found = on.kernel.select(scores, count, queryCount, limits, magnitudes, slack, list);
        expect([...on.words.subarray(list / 4, list / 4 + found)]).toEqual(expected);
        expect(on.words[list / 4 + found]).toBe(GUARD);
      }),
    );
  });

  test('gives exact scores, the same bits as every other backend', async () => {
    const [on, twin] = [await bench(backend), await bench('javascript')];
    fc.assert(
      fc.property(shapes, ({ seed, dims }) => {
        const given = randomCase(seed, dims, 2, 1);
        const at = place(on, given);
        place(twin, given);
        const { dot, absolute, distance } = sums(given.rows[1]!, given.queries[0]!);
        const row = at.rows + 4 * dims;
        const scores = [on, twin].map(({ kernel }) => [
          kernel.exactDot(row, at.queries, dims),
          kernel.exactDistance(row, at.queries, dims),
          kernel.exactSquares(row, dims),
          kernel.exactCosine(row, at.queries, dims, 1.25),
        ]);
        expect(scores[0]).toEqual(scores[1]);
        expect(Math.abs(scores[0]![0]! - dot)).toBeLessThanOrEqual(dims * 2 ** -52 * absolute);
        expect(Math.abs(scores[0]![1]! - distance)).toBeLessThanOrEqual(dims * 2 ** -52 * distance);
        const squares = sums(given.rows[1]!, given.rows[1]!).dot;
        expect(scores[0]![3]).toBe(scores[0]![0]! / (1.25 * Math.sqrt(scores[0]![2]!)));
        expect(Math.abs(scores[0]![2]! - squares)).toBeLessThanOrEqual(dims * 2 ** -52 * squares);
      }),
      { numRuns: 40 },
    );
  });
});

test.each([
  ['f32x4.add', 0xe4, 'a subtraction', 0xe5],
  ['i32x4.dot_i16x8_s', 0xba, 'a product', 0xb5],
  ['i8x16.narrow_i16x8_s', 0x65, 'another narrowing', 0x66],
] as const)(
  'a kernel whose first %s (%i) is %s, so that it answers a known question wrongly, is not used',
  async (_, right, __, wrong) => {
    const bytes = readFileSync(new URL('../../build/kernel/search-simd.wasm', import.meta.url));
    const original = WebAssembly.compile;
    // Opcodes from 128 on take two bytes.
    const at = bytes.findIndex((byte, i) => {
      return byte === 0xfd && bytes[i + 1] === right && (right < 0x80 || bytes[i + 2] === 0x01);
    });
    expect(at).toBeGreaterThan(0);
    bytes[at + 1] = wrong;
    const indexing = await indexingKernel('simd');
    WebAssembly.compile = () => original.call(WebAssembly, new Uint8Array(bytes));
    try {
      expect((await compileSearchKernel(indexing, true)).compiled).toEqual({ backend: 'javascript' });
    } finally {
      WebAssembly.compile = original;
    }
  },
);

test.each(backends)('the %s kernel runs on memory that is not shared, too', async (backend) => {
  expect((await compileSearchKernel(await indexingKernel(backend, false), false)).compiled.backend).toBe(backend);
});
