/**
 * The int8 scan, in every kernel: codes within their bound, lists as the definition has them, and no row left
 * out that could be a hit, however the components look.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundsOf, hasInt8Scan, leastKeyOf } from '../../src/kernel/search/int8-bound.js';
import { prepareQuery } from '../../src/search/queries.js';
import { runsOf } from '../seed.js';
import { backends, Int8Bench } from './int8-bench.js';
import { ask, keyOf, randomNumbers, unitRow } from './int8-keys.js';

const METRICS = ['cosine', 'dot', 'euclidean'] as const;

const component = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ min: -1, max: 1, noNaN: true }),
  fc.constantFrom(0, -0, 2 ** -149, -(2 ** -149), 2 ** -126, 2 ** -100, 3.4e38, -3.4e38, 1, -1, 1e-20, 1e19),
);
const unit = fc.float({ min: -1, max: 1, noNaN: true });

/** Components of any magnitude, of one, denormal, huge, all the same, one of them that dwarfs the others, or integers. */
const vectorOf = (dims: number) => {
  const units = fc.array(unit, { minLength: dims, maxLength: dims });
  return fc
    .oneof(
      fc.array(component, { minLength: dims, maxLength: dims }),
      units,
      units.map((row) => row.map((x) => x * 2 ** -130)),
      units.map((row) => row.map((x) => x * 3.4e38)),
      units.map((row) => row.map((x, j) => (j === 0 ? 3e7 : x))),
      // Its own codes: all that is off then is the query.
      units.map((row) => row.map((x, j) => (j === 0 ? 127 : Math.round(127 * x)))),
      unit.map((x) => new Array<number>(dims).fill(x)),
    )
    .map((row) => Float32Array.from(row));
};

const anyDims = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 300 }));

test.each(backends)(
  'codes are off by the stored error at most, which is near what they are off by, %s kernel',
  (backend) => {
    const rows = anyDims.chain((dims) => fc.array(vectorOf(dims), { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(rows, (given) => {
        const bench = new Int8Bench(given, 1, backend);
        const before = bench.rest();
        bench.quantize();
        for (const [i, row] of given.entries()) {
          const [scale, error] = bench.factors(i);
          const codes = bench.codes(i);
          const off = Math.sqrt(row.reduce((sum, x, j) => sum + (x - scale * codes[j]!) ** 2, 0));
          expect(off).toBeLessThanOrEqual(error);
          const largest = row.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
          const reach = largest * Math.sqrt(row.length);
          expect(error).toBeLessThanOrEqual(
            largest < 2 ** -100 ? reach * 1.001 + 2 ** -148 : off * 1.001 + reach * 2 ** -22,
          );
          expect(codes.every((code, j) => code >= -127 && (j < row.length || code === 0))).toBe(true);
        }
        // Nothing else was written.
        expect(Buffer.compare(bench.rest(), before)).toBe(0);
      }),
      runsOf(300),
    );
  },
);

test.each(backends)(
  'lists, of every query, the rows whose upper bound is not below the limit, and what is not a number, %s kernel',
  (backend) => {
    const number = fc.oneof(
      fc.double({ min: -3, max: 3, noNaN: true }),
      fc.constantFrom(0, Infinity, -Infinity, Number.NaN),
    );
    const input = fc.record({
      rows: fc.integer({ min: 1, max: 40 }).chain((dims) => fc.array(vectorOf(dims), { minLength: 1, maxLength: 7 })),
      queryCount: fc.integer({ min: 1, max: 9 }),
      seed: fc.nat(),
      terms: fc.array(number, { minLength: 45, maxLength: 45 }),
      limits: fc.array(number, { minLength: 9, maxLength: 9 }),
    });
    fc.assert(
      fc.property(input, ({ rows, queryCount, seed, terms, limits }) => {
        const bench = new Int8Bench(rows, queryCount, backend);
        bench.quantize();
        const expected: number[] = [];
        for (let q = 0; q < queryCount; q++) {
          bench.queryCodes(q).fill(0);
          for (let j = 0; j < bench.dims; j++) bench.queryCodes(q)[j] = ((seed + q * 31 + j * 7919) % 65_534) - 32_767;
          bench.terms(q).set(terms.slice(5 * q, 5 * q + 5));
          const [constant, product, perError, magnitude, square] = bench.terms(q) as unknown as [
            number,
            number,
            number,
            number,
            number,
          ];
          for (const r of rows.keys()) {
            const [scale, error] = bench.factors(r);
            const codes = bench.codes(r);
            const sum = bench.queryCodes(q).reduce((all, code, j) => all + code * codes[j]!, 0);
            const length = bench.magnitudes[r]!;
            const upper =
              constant + product * scale * sum + perError * error + (magnitude * length - square * length * length);
            if (!(upper < Math.fround(limits[q]!))) expected.push(q * rows.length + r);
          }
        }
        expect(bench.select(limits.slice(0, queryCount))).toEqual(expected);
      }),
      runsOf(300),
    );
  },
);

describe.each(METRICS)('by %s', (metric) => {
  test('no row is left out at the limit of its own key', () => {
    const pair = anyDims.chain((dims) =>
      fc.record({ row: vectorOf(dims), query: vectorOf(dims), alike: fc.boolean() }),
    );
    fc.assert(
      fc.property(pair, ({ row: given, query: other, alike }) => {
        const query = alike ? given.map((x, j) => (j % 3 === 0 ? x : x * (1 + 2 ** -20))) : other;
        const row = metric === 'cosine' ? unitRow(given) : given;
        if (!row || !query.every(Number.isFinite) || (metric === 'cosine' && !query.some((x) => x !== 0))) return;
        const bench = new Int8Bench([row], 1);
        bench.quantize();
        // By cosine the magnitudes are those of other rows.
        if (metric === 'cosine') bench.magnitudes[0] = 3e38;
        expect(bench.select([ask(bench, metric, query, row)])).toEqual([0]);
      }),
      runsOf(1500),
    );
  });

  test('a score is between its bounds, and no key is below the least one', () => {
    const pair = anyDims.chain((dims) =>
      fc.record({ row: vectorOf(dims), query: vectorOf(dims), alike: fc.boolean() }),
    );
    fc.assert(
      fc.property(pair, ({ row: given, query: other, alike }) => {
        const query = alike ? given.map((x, j) => (j % 3 === 0 ? x : x * (1 + 2 ** -20))) : other;
        const row = metric === 'cosine' ? unitRow(given) : given;
        if (!row || !query.every(Number.isFinite) || (metric === 'cosine' && !query.some((x) => x !== 0))) return;
        const bench = new Int8Bench([row], 1);
        bench.quantize();
        if (metric === 'cosine') bench.magnitudes[0] = 3e38;
        ask(bench, metric, query, row);
        const [scale, error] = bench.factors(0);
        const product = bench.queryCodes(0).reduce((sum, code, j) => sum + code * bench.codes(0)[j]!, 0);
        const factors = { scale, error, magnitude: bench.magnitudes[0]! };
        const { least, most } = boundsOf(metric, bench.terms(0), product, factors);
        const scanned = prepareQuery(query, query.length, metric).data.subarray(0, query.length);
        const score = keyOf(metric === 'euclidean' ? metric : 'dot', row, scanned);
        const length = Math.sqrt(scanned.reduce((sum, x) => sum + x * x, 0));
        // Where magnitudes are beyond float32, nothing is known.
        if (!Number.isNaN(most)) expect(score).toBeLessThanOrEqual(most);
        if (!Number.isNaN(least)) {
          expect(score).toBeGreaterThanOrEqual(least);
          const key = metric === 'cosine' ? score / (length * Math.sqrt(keyOf('dot', row, row))) : score;
          expect(key).toBeGreaterThanOrEqual(leastKeyOf(metric, least, length));
        }
      }),
      runsOf(1500),
    );
  });

  test('nor where the codes of the query are off in the direction of the row', () => {
    const [dims, most] = [20_000, 845];
    const random = randomNumbers(3);
    const integers = Float32Array.from({ length: dims }, (_, j) => (j === 0 ? 127 : Math.round(127 * random())));
    const row = metric === 'cosine' ? unitRow(integers)! : integers;
    // The greatest component has the greatest code, so codes are the nearest integers.
    const query = row.map((x, j) => (j === 0 ? most : Math.round((most - 1) * random()) + 0.49 * Math.sign(x)));
    const bench = new Int8Bench([row], 1);
    bench.quantize();
    expect(bench.select([ask(bench, metric, query, row)])).toEqual([0]);
    expect(bench.queryCodes(0)[0]).toBe(most);
  });
});

test.each(METRICS)('rows longer than float32 can tell are not left out: %s', (metric) => {
  const row = new Float32Array(70).fill(3.4e38);
  const bench = new Int8Bench([row], 1);
  expect(bench.magnitudes[0]).toBe(Number.POSITIVE_INFINITY);
  bench.quantize();
  const query = new Float32Array(70).fill(1);
  ask(bench, metric, query, row);
  expect(bench.select([3e38])).toEqual([0]);
});

test.each([1, -1])('products of 65,536 components do not overflow, of either sign: %i', (sign) => {
  const dims = 65_536;
  const row = new Float32Array(dims).fill(7);
  const query = new Float32Array(dims).fill(7 * sign);
  const bench = new Int8Bench([row], 4);
  bench.quantize();
  for (const q of [0, 1, 2, 3]) {
    const limit = ask(bench, 'dot', query, row, q);
    expect(bench.queryCodes(q).every((code) => code === sign * 258)).toBe(true);
    const above = limit + Math.abs(limit) / 100;
    expect(bench.select(new Array<number>(q + 1).fill(limit))).toHaveLength(q + 1);
    expect(bench.select(new Array<number>(q + 1).fill(above))).toHaveLength(0);
  }
});

test('there is none for few components, and none for so many that queries would keep less than 8 bits', () => {
  expect([1, 63, 64, 65_536, 65_537].map(hasInt8Scan)).toEqual([false, false, true, true, false]);
});
