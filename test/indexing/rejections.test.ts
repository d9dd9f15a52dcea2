import fc from 'fast-check';
import { MonitoredParallelIndexer } from 'simdex';
import { afterAll, expect, test } from 'vitest';
import { runsOf } from '../seed.js';
import { referenceOf } from './reference.js';
import { countedBy, createIndexer, randomRows, rejectionOf } from './support.js';

const indexer = new MonitoredParallelIndexer(2);
afterAll(() => indexer.dispose());

const OPENINGS = {
  EmptyVector: 'Cannot process empty vector',
  ZeroMagnitude: 'Vector has zero magnitude',
  NonFinite: 'Vector has a non-finite component',
};

const invalid = fc.oneof(
  fc.constant<number[]>([]),
  fc.constant<number[]>([0, 0, -0, 0]),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e39).map((bad) => [1, 2, bad, 3]),
);
const some = fc.array(fc.tuple(fc.nat(149), invalid), { maxLength: 6 });
const lengths = fc.constantFrom([4], [4, 5], [1, 4, 9]);

/** 150 vectors, some of them replaced. */
function vectorsWith(replaced: [number, number[]][], dims: readonly number[]): (Float32Array | number[])[] {
  const vectors: (Float32Array | number[])[] = Array.from(
    { length: 150 },
    (_, i) => randomRows(1, dims[i % dims.length]!, i)[0]!,
  );
  for (const [at, row] of replaced) vectors[at] = row;
  return vectors;
}

test('the error is that of the lowest vector that cannot be indexed, or there is none', async () => {
  await fc.assert(
    fc.asyncProperty(some, lengths, fc.integer({ min: 1, max: 60 }), async (replaced, dims, batchSize) => {
      const vectors = vectorsWith(replaced, dims);
      const codes = vectors.map(referenceOf);
      const vectorIndex = codes.findIndex((code) => typeof code === 'string');
      const run = indexer.indexVectorsMonitored(vectors as Float32Array[], { batchSize });
      if (vectorIndex < 0) {
        expect((await run).indexedCount).toBe(150);
        return;
      }
      const code = codes[vectorIndex] as keyof typeof OPENINGS;
      const error = await rejectionOf(run);
      expect(error).toMatchObject({ code, vectorIndex });
      expect(error.message.startsWith(`${OPENINGS[code]}: `)).toBe(true);
      expect(error.message).toContain(`vectors[${vectorIndex}]`);
    }),
    runsOf(1000),
  );
});

test('with skip all of them are listed in input order, and the others indexed', async () => {
  await fc.assert(
    fc.asyncProperty(some, lengths, fc.integer({ min: 1, max: 60 }), async (replaced, dims, batchSize) => {
      const vectors = vectorsWith(replaced, dims);
      const expected = vectors.flatMap((row, index) => {
        const code = referenceOf(row);
        return typeof code === 'string' ? [{ index, code }] : [];
      });
      const before = countedBy(indexer).total;
      const result = await indexer.indexVectorsMonitored(vectors as Float32Array[], { batchSize, onInvalid: 'skip' });
      expect(result.rejected).toEqual(expected);
      expect(result.indexedCount).toBe(150 - expected.length);
      expect([...result.vectors]).toHaveLength(150 - expected.length);
      expect(countedBy(indexer).total - before).toBe(150 - expected.length);
      const invalidIndexes = new Set(expected.map(({ index }) => index));
      const { magnitudes } = result.vectors;
      expect(magnitudes.every((magnitude, i) => Number.isNaN(magnitude) === invalidIndexes.has(i))).toBe(true);
      const inBatches = result.batchResults.flatMap(({ indexData }) => [...indexData.keys()]);
      expect(inBatches.sort((a, b) => a - b)).toEqual(vectors.map((_, i) => i).filter((i) => !invalidIndexes.has(i)));
      result.dispose();
    }),
    runsOf(1000),
  );
});

test('rejected rows of a matrix are zeros', async () => {
  const data = new Float32Array(300 * 4).fill(1);
  data.fill(0, 40, 44);
  data[81] = Number.NaN;
  const result = await indexer.indexVectorsMonitored({ data, dims: 4 }, { onInvalid: 'skip' });
  expect(result.rejected).toEqual([
    { index: 10, code: 'ZeroMagnitude' },
    { index: 20, code: 'NonFinite' },
  ]);
  const { matrix } = result.vectors;
  expect([...matrix.data.subarray(40, 44), ...matrix.data.subarray(80, 84)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect([...matrix.data.subarray(44, 48)]).toEqual([0.5, 0.5, 0.5, 0.5]);
});

test('a run in which nothing can be indexed', async () => {
  const result = await createIndexer(2).indexVectorsMonitored(new Array(500).fill([0, 0]), { onInvalid: 'skip' });
  expect(result.indexedCount).toBe(0);
  expect(result.rejected).toHaveLength(500);
  expect(result.performanceReport).toMatchObject({ totalVectors: 0, rejectedCount: 500, vectorsPerSecond: 0 });
});

test('the vectors of a batch are a map of its own positions, and of no others', async () => {
  const vectors = [...randomRows(120, 8), ...randomRows(80, 5), ...randomRows(60, 8, 2)];
  vectors[7] = new Float32Array(8);
  vectors[130] = new Float32Array(0);
  const { batchResults, vectors: indexed } = await createIndexer(2).indexVectorsMonitored(vectors, {
    onInvalid: 'skip',
    batchSize: 40,
  });
  const positions = batchResults.map(({ indexData }) => [...indexData.keys()]);
  expect(positions.flat().sort((a, b) => a - b)).toEqual(vectors.map((_, i) => i).filter((i) => i !== 7 && i !== 130));
  for (const [i, { indexData, processedCount }] of batchResults.entries()) {
    const own = new Set(positions[i]);
    expect([indexData.size, own.size]).toEqual([processedCount, processedCount]);
    for (const position of [...vectors.keys(), -1, 0.5, vectors.length]) {
      expect(indexData.has(position)).toBe(own.has(position));
      expect(indexData.get(position)?.normalized).toEqual(
        own.has(position) ? indexed.get(position)!.normalized : undefined,
      );
    }
    const seen: unknown[] = [];
    const self = {};
    indexData.forEach(function (this: unknown, { magnitude }, position, map) {
      seen.push([position, magnitude, this === self, map === indexData]);
    }, self);
    const expected = [...own].map((position) => [position, indexed.get(position)!.magnitude, true, true]);
    expect(seen).toEqual(expected);
    expect([...indexData].map(([position, { magnitude }]) => [position, magnitude, true, true])).toEqual(expected);
    expect([...indexData.values()].map(({ originalDims }) => originalDims)).toEqual(
      [...own].map((position) => vectors[position]!.length),
    );
  }
});
