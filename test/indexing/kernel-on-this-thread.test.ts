import fc from 'fast-check';
import { createKernel, type Kernel, type KernelBackend, type VectorMatrix } from 'simdex/kernel';
import { beforeAll, describe, expect, it } from 'vitest';
import { runsOf } from '../seed.js';
import { referenceOf } from './reference.js';

const BACKENDS: readonly KernelBackend[] = ['simd', 'scalar', 'javascript'];

/** Rows of float32 numbers with zeros, ties and rows that cannot be indexed among them. */
const matrices: fc.Arbitrary<VectorMatrix> = fc
  .record({ dims: fc.integer({ min: 1, max: 40 }), count: fc.integer({ min: 0, max: 9 }) })
  .chain(({ dims, count }) =>
    fc
      .array(fc.oneof({ weight: 9, arbitrary: fc.float() }, fc.constantFrom(0, -0, 1, Number.NaN)), {
        minLength: dims * count,
        maxLength: dims * count,
      })
      .map((components) => ({ data: Float32Array.from(components), dims })),
  );

function rowsOf({ data, dims }: VectorMatrix): Float32Array[] {
  return Array.from({ length: data.length / dims }, (_, i) => data.slice(i * dims, (i + 1) * dims));
}

function expectClose(found: number, expected: number): void {
  const rounded = Math.fround(expected);
  if (!Number.isFinite(rounded)) expect(found).toBe(rounded);
  else expect(Math.abs(found - expected)).toBeLessThanOrEqual(Math.max(1e-6 * Math.abs(expected), 2 ** -148));
}

describe.each(BACKENDS)('the %s kernel on this thread', (backend) => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await createKernel({ backend });
  });

  /** The same components, in ordinary memory or in a memory of the kernel's. */
  function placed({ data, dims }: VectorMatrix, allocated: boolean): VectorMatrix {
    if (!allocated) return { data: data.slice(), dims };
    const matrix = kernel.allocate(data.length / dims, dims);
    matrix.data.set(data);
    return matrix;
  }

  it('is the backend that was asked for', () => {
    expect(kernel.backend).toBe(backend);
  });

  it('processes as the reference does, in either order, in place or not, in its own memory or not', () => {
    const inputs = fc.tuple(matrices, fc.constantFrom('sorted', 'original'), fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(inputs, ([given, order, inPlace, allocated]) => {
        const source = placed(given, allocated);
        const { matrix, magnitudes, rejected } = kernel.process(source, { order, inPlace });
        expect(matrix === source).toBe(inPlace);
        if (!inPlace) expect(source.data).toEqual(given.data);
        for (const [i, row] of rowsOf(given).entries()) {
          const expected = referenceOf(row);
          const found = matrix.data.subarray(i * given.dims, (i + 1) * given.dims);
          if (typeof expected === 'string') {
            expect(rejected).toContainEqual({ index: i, code: expected });
            expect(magnitudes[i]).toBeNaN();
            expect(found).toEqual(new Float32Array(given.dims));
            continue;
          }
          expectClose(magnitudes[i]!, expected.magnitude);
          const components = order === 'sorted' ? expected.normalized.toSorted() : expected.normalized;
          for (const [j, component] of components.entries()) expectClose(found[j]!, component);
        }
        expect(rejected.length).toBe(magnitudes.filter(Number.isNaN).length);
      }),
      runsOf(1000),
    );
  });

  it('sorts any components as Float32Array.prototype.sort does, in place', () => {
    fc.assert(
      fc.property(matrices, fc.boolean(), (given, allocated) => {
        const matrix = placed(given, allocated);
        kernel.sort(matrix);
        expect(rowsOf(matrix)).toEqual(rowsOf(given).map((row) => row.sort()));
      }),
      runsOf(1000),
    );
  });

  it('measures without changing, and normalises in place', () => {
    const matrix = { data: new Float32Array([3, 4, 0, 0, 0, -2]), dims: 2 };
    expect([...kernel.magnitudes(matrix)]).toEqual([5, Number.NaN, 2]);
    expect([...matrix.data]).toEqual([3, 4, 0, 0, 0, -2]);
    expect(kernel.normalize(matrix).rejected).toEqual([{ index: 1, code: 'ZeroMagnitude' }]);
    expect([...matrix.data]).toEqual([...new Float32Array([0.6, 0.8, 0, 0, 0, -1])]);
  });

  it('changes only the rows it was given of a larger array', () => {
    const data = Float32Array.from({ length: 12 }, (_, i) => 12 - i);
    kernel.sort({ data: data.subarray(3, 9), dims: 3 });
    expect([...data]).toEqual([12, 11, 10, 7, 8, 9, 4, 5, 6, 3, 2, 1]);
  });

  it('works on the first rows of a matrix of its own without touching the others', () => {
    const { data, dims } = kernel.allocate(3, 2);
    data.set([2, 1, 4, 3, 6, 5]);
    kernel.sort({ data: data.subarray(0, 4), dims });
    expect([...data]).toEqual([1, 2, 3, 4, 6, 5]);
  });

  it('takes rows of 65,536 components', () => {
    const dims = 65_536;
    const data = Float32Array.from({ length: dims }, (_, i) => Math.sin(i * i));
    const expected = referenceOf(data);
    const { matrix, magnitudes } = kernel.process({ data, dims });
    if (typeof expected === 'string') throw new Error(expected);
    expectClose(magnitudes[0]!, expected.magnitude);
    const components = expected.normalized.toSorted();
    expect(
      components.every((component, i) => Math.abs(matrix.data[i]! - component) <= 1e-6 * Math.abs(component)),
    ).toBe(true);
  });
});

describe('createKernel', () => {
  it('takes SIMD by itself where the engine has it', async () => {
    expect((await createKernel()).backend).toBe('simd');
  });

  it('refuses a backend and an option that it does not know', async () => {
    // @ts-expect-error no such backend
    await expect(createKernel({ backend: 'gpu' })).rejects.toThrow(/^Invalid indexing configuration: backend .* "gpu"/);
    // @ts-expect-error no such option
    await expect(createKernel({ threads: 2 })).rejects.toThrow(/^Invalid indexing configuration: options\.threads/);
  });

  it('refuses what is no matrix, and orders and flags that are none', async () => {
    const kernel = await createKernel();
    const data = new Float32Array(6);
    expect(() => kernel.sort({ data, dims: 4 })).toThrow(
      /matrix\.data\.length must be a multiple of matrix\.dims \(4\), got 6/,
    );
    expect(() => kernel.magnitudes({ data, dims: 0 })).toThrow(/matrix\.dims must be a positive integer, got 0/);
    expect(() => kernel.allocate(-1, 3)).toThrow(/count must be an integer from 0 on, got -1/);
    // @ts-expect-error no such order
    expect(() => kernel.process({ data, dims: 3 }, { order: 'up' })).toThrow(
      /order must be 'sorted' or 'original', got "up"/,
    );
    // @ts-expect-error no flag
    expect(() => kernel.process({ data, dims: 3 }, { inPlace: 1 })).toThrow(/inPlace must be true or false, got 1/);
  });
});
