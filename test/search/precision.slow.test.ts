/**
 * Indexes that keep their rows as float16 or int8: hits are those of a brute force over the rows as they are kept, in every kernel, and files
 * hold just these rows.
 */

import fc from 'fast-check';
import { type BuildOptions, type IndexingError, type Metric, VectorIndex } from 'simdex';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../seed.js';
import { keptRows } from './in-file.js';
import { expectBest, rank } from './reference.js';
import { parseSafetensors } from './safetensors.js';
import { build, load, positions, randomRows, told } from './support.js';

const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean'];
const kernels = ['simd', 'scalar', 'javascript'] as const;
const precisions = ['float16', 'int8'] as const;

const lengthOf = (row: ArrayLike<number>) => Math.sqrt(Array.from(row).reduce((sum, x) => sum + x * x, 0));

/** The float16 nearest to a number, by the definition of the format. */
function nearestHalf(x: number): number {
  if (x === 0) return x;
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(x))));
  const step = 2 ** (exponent - 10);
  const steps = x / step;
  const below = Math.floor(steps);
  const off = steps - below;
  const nearest = (off > 0.5 || (off === 0.5 && below % 2 !== 0) ? below + 1 : below) * step;
  return nearest === 0 && x < 0 ? -0 : nearest;
}

describe.each(precisions)('%s', (precision) => {
  describe.each(metrics)('by %s', (metric) => {
    test.each(kernels)('the hits of a brute force over the rows as they are kept, %s kernel', async (kernel) => {
      for (const [count, dims] of [
        [700, 67],
        [900, 5],
      ] as const) {
        const index = await build(randomRows(count, dims), { metric, kernel, precision });
        const rows = await keptRows(index, positions(count));
        const queries = randomRows(6, dims, 2);
        const batch = await index.searchBatch(queries, 10);
        for (const [i, query] of queries.entries()) {
          const ranking = rank(rows, positions(count), query, metric);
          expectBest(await index.search(query, 10), ranking, 10);
          expectBest(batch[i]!, ranking, 10);
        }
      }
    });

    test('on all threads, in several segments, with rows that come and go', async () => {
      const dims = 200;
      const index = await build<number>(randomRows(6000, dims), { metric, precision }, 2 ** 23);
      await index.add(randomRows(1500, dims, 3));
      await index.add(randomRows(2, dims, 4));
      await index.remove(positions(3000).map((i) => 2 * i));
      const ids = [...index.ids()];
      expect(ids.length).toBe(4502);
      const rows = await keptRows(index as never, ids);
      for (const query of randomRows(3, dims, 2)) {
        expectBest(await index.search(query, 12), rank(rows, ids, query, metric), 12);
      }
      const ranking = rank(rows, ids, rows[7]!, metric);
      expectBest(await index.search({ id: ids[7]! }, 5), ranking, 5);
    });

    test('any shape, any components that can be kept', async () => {
      const shape = fc.record({
        seed: fc.integer(),
        count: fc.integer({ min: 1, max: 120 }),
        dims: fc.integer({ min: 1, max: 90 }),
        k: fc.integer({ min: 1, max: 130 }),
        scale: fc.constantFrom(1, 30_000, 1e-6),
      });
      await fc.assert(
        fc.asyncProperty(shape, async ({ seed, count, dims, k, scale }) => {
          const rows = randomRows(count, dims, seed).map((row, i) => row.map((x, j) => x * (i + j === 0 ? 1 : scale)));
          const index = await VectorIndex.build(rows, { metric, precision, threadCount: 1 });
          try {
            const kept = await keptRows(index, positions(count));
            for (const query of randomRows(2, dims, seed + 1)) {
              expectBest(await index.search(query, k), rank(kept, positions(count), query, metric), k);
            }
          } finally {
            await index.dispose();
          }
        }),
        runsOf(60),
      );
    });

    test('a saved index is the same one, and its file has these rows', async () => {
      const [count, dims] = [300, 70];
      const ids = positions(count).map((i) => `id ${i}`);
      const index = await build<string>(randomRows(count, dims), { metric, precision, ids });
      await index.remove(['id 4', 'id 299']);
      const bytes = index.toBytes();
      const again = await load<string>(bytes);
      expect([...again.ids()]).toEqual([...index.ids()]);
      for (const query of randomRows(3, dims, 5)) {
        expect(told(await again.search(query, 9))).toEqual(told(await index.search(query, 9)));
      }
      expect(Buffer.compare(again.toBytes(), bytes)).toBe(0);
      const { metadata, tensors } = parseSafetensors(bytes);
      expect(metadata['format']).toBe('simdex/2');
      expect(tensors.has('codes')).toBe(precision === 'float16');
      const rows = await keptRows(index as never, index.ids());
      const saved = tensors.get('vectors')!;
      expect(saved.dtype).toBe(precision === 'float16' ? 'F16' : 'I8');
      expect(saved.shape).toEqual([count - 2, dims]);
      const scales = tensors.get('scales');
      for (const [r, row] of rows.entries()) {
        const scale = scales ? scales.numbers[r]! : 1;
        for (let j = 0; j < dims; j++) expect(Math.fround(saved.numbers[r * dims + j]! * scale)).toBe(row[j]);
      }
    });
  });
});

test('float16 components are the nearest there are', async () => {
  const [count, dims] = [200, 33];
  const rows = randomRows(count, dims).map((row, i) => row.map((x) => x * 10 ** ((i % 13) - 8)));
  rows[0]!.set([65_504, -65_504, 2 ** -24, 2 ** -25, 3 * 2 ** -26, 2 ** -14, 1 + 2 ** -11, 1 + 3 * 2 ** -11]);
  const index = await build(rows, { metric: 'euclidean', precision: 'float16' });
  for (const [i, row] of (await keptRows(index, positions(count))).entries()) {
    expect([...row]).toEqual([...rows[i]!].map((x) => nearestHalf(x)));
    const { magnitude } = (await index.get(i))!;
    expect(Math.abs(magnitude - lengthOf(row))).toBeLessThanOrEqual(1e-6 * lengthOf(row));
  }
});

test('int8 components are off by half a step of a 127th of the greatest at most', async () => {
  const rows = randomRows(300, 50);
  const kept = await keptRows(await build(rows, { metric: 'dot', precision: 'int8' }), positions(300));
  for (const [i, row] of rows.entries()) {
    const step = Math.max(...row.map(Math.abs)) / 127;
    for (let j = 0; j < 50; j++) expect(Math.abs(kept[i]![j]! - row[j]!)).toBeLessThanOrEqual(0.5001 * step);
  }
});

test.each(precisions)('unit rows of %s, and magnitudes of the vectors as they were given', async (precision) => {
  const rows = randomRows(100, 40).map((row) => row.map((x) => 1e5 * x));
  const index = await build(rows, { precision });
  for (const [i, row] of rows.entries()) {
    const { vector, magnitude } = (await index.get(i))!;
    expect(Math.abs(lengthOf(vector) - 1)).toBeLessThan(precision === 'int8' ? 4e-7 : 2 ** -10);
    expect(Math.abs(magnitude / lengthOf(row) - 1)).toBeLessThan(1e-6);
  }
});

test('a component beyond float16 is refused with its row, and the index stays as it was', async () => {
  const rows = [
    [1, 2],
    [65_505, 0],
  ];
  const refusal = { code: 'InvalidConfiguration', vectorIndex: 1, message: expect.stringContaining('65,504') };
  for (const metric of ['dot', 'euclidean'] as const) {
    await expect(build(rows, { metric, precision: 'float16' })).rejects.toMatchObject(refusal);
    const index = await build([[1, 1]], { metric, precision: 'float16' });
    await expect(index.add(rows)).rejects.toMatchObject(refusal);
    await expect(index.add(positions(900).map(() => rows[1]!))).rejects.toMatchObject({ ...refusal, vectorIndex: 0 });
    expect(index.size).toBe(1);
  }
  // What is kept for cosine are unit rows.
  expect((await build(rows, { precision: 'float16' })).size).toBe(2);
});

test.each(precisions)('vectors that are none are refused as they are by float32, %s', async (precision) => {
  const bad = { code: 'NonFinite', vectorIndex: 1 };
  await expect(
    build(
      [
        [1, 2],
        [Number.NaN, 1],
      ],
      { precision },
    ),
  ).rejects.toMatchObject(bad);
  await expect(
    build(
      [
        [1, 2],
        [0, 0],
      ],
      { precision },
    ),
  ).rejects.toMatchObject({ code: 'ZeroMagnitude', vectorIndex: 1 });
  const zero = await build(
    [
      [1, 2],
      [0, 0],
    ],
    { precision, metric: 'dot' },
  );
  expect((await zero.get(1))!.magnitude).toBe(0);
  expect((await zero.search([1, 1], 2)).ids).toEqual([0, 1]);
});

test.each(precisions)('%s with a graph: the hits are exact scores of kept rows', async (precision) => {
  const [count, dims] = [1500, 64];
  const index = await build(randomRows(count, dims), { precision, graph: true });
  const rows = await keptRows(index, positions(count));
  const queries = randomRows(20, dims, 2);
  expect(await index.measureRecall(queries, 10, { recall: 0.95 })).toBeGreaterThan(0.85);
  const again = await load(index.toBytes());
  expect(again.graph!.rows).toBe(count);
  for (const each of [index, again]) {
    const { ids, scores, exact } = await each.search(queries[0]!, 10);
    expect(exact).toBe(false);
    const byId = new Map(rank(rows, positions(count), queries[0]!, 'cosine').map((one) => [one.id, one.score]));
    for (const [i, id] of ids.entries()) expect(scores[i]).toBeCloseTo(byId.get(id)!, 6);
  }
});

test('memory: float16 takes less than two thirds of float32, int8 less than a quarter', async () => {
  const rows = randomRows(30_000, 192);
  const memory = [];
  for (const precision of ['float32', ...precisions] as const) memory.push((await build(rows, { precision })).memory);
  const [float32, float16, int8] = memory;
  expect(float32!.rows).toBeGreaterThan(4 * 30_000 * 192);
  for (const { rows, codes, graph, ids, total } of memory) {
    expect(graph).toBe(0);
    expect(ids).toBeGreaterThan(0);
    expect(total).toBeGreaterThanOrEqual(rows + codes + ids);
  }
  expect(float16!.rows + float16!.codes).toBeLessThan(0.65 * (float32!.rows + float32!.codes));
  expect(int8!.rows + int8!.codes).toBeLessThan(0.25 * (float32!.rows + float32!.codes));
});

test('memory grows with rows, ids and a graph', async () => {
  const index = await build<string>(randomRows(300, 64), { ids: positions(300).map((i) => `a name ${i}`) });
  const before = index.memory;
  expect(before.ids).toBeGreaterThan(300 * 10);
  await index.add(randomRows(3000, 64, 2), { ids: positions(3000).map((i) => `another ${i}`) });
  await index.buildGraph({ degree: 8, effort: 16 });
  const after = index.memory;
  for (const kind of ['rows', 'codes', 'graph', 'ids', 'total'] as const) {
    expect(after[kind]).toBeGreaterThan(before[kind]);
  }
  await index.dropGraph();
  expect(index.memory.graph).toBe(0);
  expect((await build([], { dims: 3 })).memory.total).toBeLessThan(2 ** 20);
});

test('options out of their domain, and dims that only float32 takes', async () => {
  const bad = { precision: 'float64' } as unknown as BuildOptions;
  await expect(build([[1]], bad)).rejects.toThrow("precision must be 'float32', 'float16' or 'int8'");
  for (const precision of precisions) {
    await expect(build([new Float32Array(65_537).fill(1)], { precision })).rejects.toThrow('65,536');
  }
});

test.each([
  ['a code that no row has', 'vectors', (data: DataView) => data.setInt8(5, -128), 'codes of -127 to 127'],
  ['a scale that is none', 'scales', (data: DataView) => data.setFloat32(4, Number.NaN, true), 'scale of row 1'],
  ['a scale that makes no unit row', 'scales', (data: DataView) => data.setFloat32(4, 1, true), 'a row of length 1'],
  ['a magnitude', 'magnitudes', (data: DataView) => data.setFloat32(0, -1, true), 'a positive magnitude'],
])('a damaged file is refused: %s', async (_, name, damage, message) => {
  const bytes = (await build(randomRows(4, 6), { precision: 'int8' })).toBytes();
  const { byteOffset, byteLength } = parseSafetensors(bytes).tensors.get(name)!;
  damage(new DataView(bytes.buffer, byteOffset, byteLength));
  const failed = await load(bytes).catch((error: IndexingError) => error);
  expect(failed).toMatchObject({ code: 'MalformedFile', message: expect.stringContaining(message) });
});

test('a float16 file with an infinity, or a row of another length, is refused', async () => {
  for (const [half, message] of [
    [0x7c00, 'finite components'],
    [0x3c00, 'a row of length 1'],
  ] as const) {
    const bytes = (await build(randomRows(4, 6), { precision: 'float16' })).toBytes();
    const { byteOffset } = parseSafetensors(bytes).tensors.get('vectors')!;
    new DataView(bytes.buffer).setUint16(byteOffset + 12, half, true);
    const failed = await load(bytes).catch((error: IndexingError) => error);
    expect(failed).toMatchObject({ code: 'MalformedFile', message: expect.stringContaining(message) });
  }
});
