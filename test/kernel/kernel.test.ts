import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileKernel } from '../../src/kernel/compile.js';
import { instantiateKernel } from '../../src/kernel/instantiate.js';
import { rejectionOf } from '../../src/kernel/rejection.js';
import { indexRow } from '../reference.js';
import { allKinds, anyRows, createRows, numRuns } from './rows.js';
import { bitsOf, expectSameBits, type Rows, rowOf, Workbench } from './workbench.js';

const SMALLEST_NORMAL = 2 ** -126;
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** Around every size at which the network changes its shape, and the usual sizes of embeddings. */
const manyDims = [
  41, 47, 48, 49, 63, 64, 65, 71, 96, 97, 100, 127, 128, 129, 136, 160, 192, 200, 255, 256, 257, 264, 300, 383, 384,
  385, 448, 500, 511, 512, 513, 576, 640, 768, 784, 896, 1000, 1023, 1024, 1025, 1100, 1536, 1537, 2047, 2048, 2049,
  3072, 4096, 4104, 5000, 8192, 9000,
];

const backends = ['simd', 'scalar', 'javascript'] as const;
const kernels = {
  simd: await compileKernel('simd'),
  scalar: await compileKernel('scalar'),
  javascript: await compileKernel('javascript'),
};
const createWorkbench = (backend: (typeof backends)[number], pages?: number, base?: number) =>
  new Workbench((memory) => instantiateKernel(kernels[backend], memory), pages, base);

describe.each(backends)('the %s kernel', (backend) => {
  const workbench = createWorkbench(backend);

  function expectNormalized(input: Rows): void {
    const { data, dims, count } = input;
    const { rows, magnitudes, rejected } = workbench.run('normalize', input);
    let expectedRejections = 0;
    for (let i = 0; i < count; i++) {
      const expected = indexRow(rowOf(data, dims, i));
      const actual = rowOf(rows, dims, i);
      const reason = rejectionOf(bitsOf(magnitudes)[i]!);
      if (expected.kind !== 'indexed') {
        expectedRejections++;
        expect(reason).toBe(expected.kind);
        expect(bitsOf(actual).every((bits) => bits === 0)).toBe(true);
        continue;
      }
      expect(reason).toBeUndefined();
      expectMagnitude(magnitudes[i]!, expected.magnitude);
      const wrong = expected.components.findIndex((component, j) => !isNear(actual[j]!, component));
      if (wrong >= 0) expect.fail(`row ${i}, component ${wrong}: ${actual[wrong]} for ${expected.components[wrong]}`);
    }
    expect(rejected).toBe(expectedRejections);
  }

  function expectSorted(input: Rows): void {
    const { rows } = workbench.run('sort', input);
    for (let i = 0; i < input.count; i++) {
      const expected = rowOf(input.data, input.dims, i).slice().sort();
      const actual = rowOf(rows, input.dims, i);
      const wrong = expected.findIndex((x, j) => !Object.is(actual[j], x));
      if (wrong >= 0) expect.fail(`row ${i}, component ${wrong}: ${actual[wrong]} for ${expected[wrong]}`);
    }
  }

  function expectProcessed(input: Rows): void {
    const normalized = workbench.run('normalize', input);
    for (let i = 0; i < input.count; i++) rowOf(normalized.rows, input.dims, i).sort();
    const processed = workbench.run('process', input);
    expectSameBits(processed.rows, normalized.rows);
    expectSameBits(processed.magnitudes, normalized.magnitudes);
    expect(processed.rejected).toBe(normalized.rejected);
  }

  test('normalises within 1e-6 of float64, and says which rows it cannot', () => {
    fc.assert(fc.property(anyRows, expectNormalized), numRuns);
  });

  test('sorts like Float32Array.prototype.sort', () => {
    fc.assert(fc.property(anyRows, expectSorted), numRuns);
  });

  test('processes as it normalises and sorts, to the bit', () => {
    fc.assert(fc.property(anyRows, expectProcessed), numRuns);
  });

  test('measures as it normalises, to the bit, and leaves the rows alone', () => {
    fc.assert(
      fc.property(anyRows, (input) => {
        const measured = workbench.run('magnitudes', input);
        const normalized = workbench.run('normalize', input);
        expectSameBits(measured.rows, input.data);
        expectSameBits(measured.magnitudes, normalized.magnitudes);
        expect(measured.rejected).toBe(normalized.rejected);
      }),
      numRuns,
    );
  });

  test('gives a row the same bits alone and among others, wherever it stands', () => {
    fc.assert(
      fc.property(anyRows, fc.integer({ min: 0, max: 15 }), (input, shift) => {
        const { rows, magnitudes } = workbench.run('process', input);
        for (let i = 0; i < input.count; i++) {
          const row = { data: rowOf(input.data, input.dims, i), count: 1, dims: input.dims, shift };
          const alone = workbench.run('process', row);
          expectSameBits(alone.rows, rowOf(rows, input.dims, i));
          expect(bitsOf(alone.magnitudes)[0]).toBe(bitsOf(magnitudes)[i]);
        }
      }),
      numRuns,
    );
  });

  test.each(manyDims)('is right for %i components', (dims) => {
    const chosen = dims < 1000 ? allKinds : (['uniform', 'ties', 'bits'] as const);
    for (const [i, kind] of (['any', ...chosen] as const).entries()) {
      const input = createRows(dims + i, kind, kind === 'any' ? 5 : 1, dims, i);
      expectNormalized(input);
      expectSorted(input);
      expectProcessed(input);
    }
  });

  test('is right for 65,536 components, the most the precision is promised for', () => {
    for (const kind of ['constant', 'uniform', 'huge', 'denormal'] as const) {
      expectNormalized(createRows(1, kind, 1, 65536, 1));
    }
    const input = createRows(1, 'uniform', 3, 65536, 1);
    expectSorted(input);
    expectProcessed(input);
  }, 20_000);

  test('goes beyond 65,536 components', () => {
    const input = createRows(2, 'any', 2, 70_001, 3);
    expectSorted(input);
    expectProcessed(input);
  });

  test('rejects every row without components', () => {
    const input = { data: new Float32Array(0), count: 5, dims: 0, shift: 0 };
    for (const name of ['magnitudes', 'normalize', 'process'] as const) {
      const { magnitudes, rejected } = workbench.run(name, input);
      expect(rejected).toBe(5);
      expect(Array.from(bitsOf(magnitudes), rejectionOf)).toEqual(Array(5).fill('EmptyVector'));
    }
    workbench.run('sort', input);
  });

  test('does nothing to no rows', () => {
    const input = { data: new Float32Array(0), count: 0, dims: 100, shift: 1 };
    for (const name of ['magnitudes', 'normalize', 'process', 'sort'] as const) {
      expect(workbench.run(name, input).rejected).toBe(0);
    }
  });

  test('works at addresses beyond 2 GiB', () => {
    const far = createWorkbench(backend, 2 ** 15 + 64, 2 ** 31 - 2048);
    for (const dims of [7, 128, 300]) {
      const input = createRows(dims, 'uniform', 5, dims, 1);
      const near = workbench.run('process', input);
      const actual = far.run('process', input);
      expectSameBits(actual.rows, near.rows);
      expectSameBits(actual.magnitudes, near.magnitudes);
    }
  });
});

test('simd and scalar give the same bits', () => {
  const simd = createWorkbench('simd');
  const scalar = createWorkbench('scalar');
  const compare = (input: Rows) => {
    const expected = simd.run('process', input);
    const actual = scalar.run('process', input);
    expectSameBits(actual.rows, expected.rows);
    expectSameBits(actual.magnitudes, expected.magnitudes);
  };
  fc.assert(fc.property(anyRows, compare), numRuns);
  for (const dims of manyDims) compare(createRows(dims, 'any', 3, dims, 2));
});

test('the last byte of 4 GiB can belong to a row, and to the scratch', () => {
  const memory = new WebAssembly.Memory({ initial: 65536, maximum: 65536, shared: true });
  const kernel = instantiateKernel(kernels.simd, memory);
  const dims = 100;
  const count = 6;
  const end = 2 ** 32;
  for (const rowsLast of [true, false]) {
    const rowsAt = rowsLast ? end - 4 * dims * count : 65536;
    const scratchAt = rowsLast ? 65536 : end - 5888;
    const { data } = createRows(5, 'uniform', count, dims, 0);
    const rows = new Float32Array(memory.buffer, rowsAt, data.length);
    rows.set(data);
    expect(kernel.process(rowsAt, count, dims, 64, scratchAt)).toBe(0);
    const { rows: expected } = createWorkbench('simd').run('process', { data, count, dims, shift: 0 });
    expectSameBits(rows, expected);
  }
});

function isNear(actual: number, expected: number): boolean {
  if (Math.abs(expected) < SMALLEST_NORMAL) return Math.abs(actual - expected) <= 2 ** -149;
  return Math.abs(actual - expected) <= 1e-6 * Math.abs(expected);
}

function expectMagnitude(actual: number, expected: number): void {
  if (expected > LARGEST * (1 + 1e-6)) expect(actual).toBe(Infinity);
  else if (expected > LARGEST * (1 - 1e-6)) expect(actual).toBeGreaterThan(3.4e38);
  else if (expected < SMALLEST_NORMAL) expect(actual).toBe(Math.fround(expected));
  else expect(Math.abs(actual / expected - 1)).toBeLessThanOrEqual(1e-6);
}
