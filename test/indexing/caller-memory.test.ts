/** Matrices from `allocate`, and what callers hold: nobody else's memory is touched, and nothing is held without need. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ParallelIndexer } from 'simdex';
import { createKernel } from 'simdex/kernel';
import { afterAll, expect, test } from 'vitest';

const indexer = new ParallelIndexer(2);
afterAll(() => indexer.dispose());

test('a matrix that is disposed twice leaves the matrix that has its memory now alone', () => {
  const first = indexer.allocate(10, 4);
  first.dispose();
  const second = indexer.allocate(10, 4);
  expect(second.data.buffer).toBe(first.data.buffer);
  second.data.fill(7);
  first.dispose();
  const third = indexer.allocate(10, 4);
  third.data.fill(9);
  expect(second.data[0]).toBe(7);
});

test('a small run into memory that an earlier run still writes to comes after it', async () => {
  const large = Array.from({ length: 20_000 }, () => new Float32Array(64).fill(2));
  const small = Array.from({ length: 5 }, () => new Float32Array(64).fill(-5));
  const into = indexer.allocate(20_000, 64);
  const [before, after] = await Promise.all([
    indexer.indexVectors(large, { into }).then(({ vectors }) => vectors.magnitudes[19_999]),
    indexer.indexVectors(small, { into }).then(({ vectors }) => [...vectors.magnitudes]),
  ]);
  expect(before).toBe(16);
  expect(after).toEqual([40, 40, 40, 40, 40]);
  expect(into.data[0]).toBeCloseTo(-0.125);
});

test('rows of the matrix that is to receive them are refused, in whatever order they are given', async () => {
  const into = indexer.allocate(2, 4);
  into.data.set([1, 2, 3, 4, 5, 6, 7, 8]);
  const reversed = [into.data.subarray(4, 8), into.data.subarray(0, 4)];
  await expect(indexer.indexVectors(reversed, { into })).rejects.toThrow(/into is the memory of the source/);
});

test('a vector without components is told as such, also into a matrix', async () => {
  const into = indexer.allocate(1, 4);
  await expect(indexer.indexVectors([[]], { into })).rejects.toMatchObject({ code: 'EmptyVector', vectorIndex: 0 });
});

test('a component that is no number is told with its vector', async () => {
  const row: unknown[] = [3, 4n];
  const run = indexer.indexVectors([[1, 2], row as number[]]);
  await expect(run).rejects.toMatchObject({ code: 'InvalidConfiguration', vectorIndex: 1 });
});

test('a result does not keep its source', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (const count of [10, 5000]) {
    let source: Float32Array[] | undefined = Array.from({ length: count }, () => new Float32Array(64).fill(1));
    const reference = new WeakRef(source);
    const result = await indexer.indexVectors(source);
    source = undefined;
    for (let turn = 0; turn < 10 && reference.deref(); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      collect();
    }
    expect(reference.deref()).toBeUndefined();
    expect(result.vectors.get(count - 1)?.magnitude).toBe(8);
  }
});

test.each(['simd', 'scalar', 'javascript'] as const)(
  'the %s kernel works in its own matrix only on its rows',
  async (backend) => {
    const kernel = await createKernel({ backend });
    const { data } = kernel.allocate(2, 4);
    data.fill(1);
    const beyond = new Float32Array(data.buffer, 0, 40);
    const { magnitudes } = kernel.process({ data: beyond, dims: 4 }, { inPlace: true });
    expect([...magnitudes.subarray(0, 2)]).toEqual([2, 2]);
    const unaligned = { data: data.subarray(2, 6), dims: 4 };
    expect([...kernel.magnitudes(unaligned)]).toEqual([1]);
  },
);
