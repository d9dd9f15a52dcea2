/**
 * What is measured does what it is named after.
 */
import { readFileSync } from 'node:fs';
import { ParallelIndexer, VectorIndex } from 'simdex';
import { afterAll, describe, expect, it } from 'vitest';
import { checkAgreement } from '../../bench/suite/agreement.js';
import {
  isOfKernel,
  type KernelOperationName,
  kernelOperations,
  operations,
  variants,
} from '../../bench/suite/cases.js';
import { createDataSet, randomComponents } from '../../bench/suite/data-set.js';
import { createJavaScriptSubject } from '../../bench/suite/javascript-subject.js';
import { createKernelSubject } from '../../bench/suite/kernel-subject.js';
import { createCallsSubject, createSearchSubject } from '../../bench/suite/program-subjects.js';
import type { Subject } from '../../bench/suite/subject.js';
import { createThreadsSubject } from '../../bench/suite/threads-subject.js';
import type { CompiledKernel } from '../../src/kernel/instantiate.js';
import { MemoryPool } from '../../src/memory/memory-pool.js';

const indexer = new ParallelIndexer(2, { kernel: 'simd' });
afterAll(() => indexer.dispose());

const sizes = { partBytes: 2 ** 16, setBytes: 2 ** 18 };
const random = randomComponents(sizes.partBytes / 4);
const memories = new MemoryPool(Number.POSITIVE_INFINITY);

/** As built. */
function compiledKernel(backend: 'scalar' | 'simd'): CompiledKernel {
  return { backend, module: new WebAssembly.Module(readFileSync(`build/kernel/${backend}.wasm`)) };
}

function createSubjects(operation: KernelOperationName, dims: number): readonly Subject[] {
  const set = createDataSet(dims, sizes, random);
  return [
    createJavaScriptSubject(operation, set),
    createKernelSubject(compiledKernel('scalar'), operation, set, memories),
    createKernelSubject(compiledKernel('simd'), operation, set, memories),
    createThreadsSubject(indexer, operation, set),
  ];
}

/** What the operation leaves of a row, in float64. */
function expectedRow(operation: KernelOperationName, row: Float32Array): Float64Array {
  const magnitude = Math.hypot(...row);
  const scaled = operation === 'normalize' || operation === 'pipeline';
  const components = Float64Array.from(row, (component) => (scaled ? component / magnitude : component));
  return operation === 'sort' || operation === 'pipeline' ? components.sort() : components;
}

describe.each(operations.filter(isOfKernel))('%s', (operation) => {
  it.each([64, 300])('does its work on every row of every part, by all variants (%d dims)', async (dims) => {
    for (const [i, subject] of createSubjects(operation, dims).entries()) {
      const what = `${variants[i]} ${kernelOperations[operation]}`;
      const part = subject.parts - 1;
      subject.restore(part);
      await subject.run(part);
      const { rows, magnitudes } = subject.output(part);
      expect(rows.length, what).toBe(subject.vectorsPerPart * dims);
      const count = Math.floor(random.length / dims);
      for (let vector = 0; vector < subject.vectorsPerPart; vector += 37) {
        const source = random.subarray((vector % count) * dims, ((vector % count) + 1) * dims);
        const expected = expectedRow(operation, source);
        const found = rows.subarray(vector * dims, (vector + 1) * dims);
        expect(
          found.every((component, j) => Math.abs(component - expected[j]!) <= 1e-6 * Math.abs(expected[j]!)),
          what,
        ).toBe(true);
        if (operation !== 'sort') expect(magnitudes![vector]! / Math.hypot(...source), what).toBeCloseTo(1, 5);
      }
      subject.restore(part);
      expect(subject.output(part).rows.subarray(0, count * dims), what).toEqual(random.subarray(0, count * dims));
      subject.dispose();
    }
  });

  it('is found to agree between the variants, and a wrong one is named', async () => {
    const subjects = createSubjects(operation, 128);
    const named = subjects.map((subject, i) => ({ name: variants[i]!, subject }));
    await expect(checkAgreement(named)).resolves.toBeUndefined();
    const scalar = subjects[1]!;
    const wrong: Subject = { ...scalar, output: () => ({ ...scalar.output(0), rows: new Float32Array(128).fill(7) }) };
    await expect(checkAgreement([named[0]!, { name: 'broken', subject: wrong }])).rejects.toThrow(
      'broken and javascript give different components',
    );
    for (const subject of subjects) subject.dispose();
  });
});

describe('what programs do', () => {
  const set = createDataSet(96, sizes, random);

  it('small calls normalise every vector of every call, with the indexer as in JavaScript', async () => {
    const subjects = (['javascript', 'threads'] as const).map((variant) => createCallsSubject(variant, indexer, set));
    await checkAgreement(subjects.map((subject, i) => ({ name: String(i), subject })));
    for (const subject of subjects) {
      await subject.run(0);
      const { rows, magnitudes } = subject.output(0);
      expect(rows.length).toBe(subject.vectorsPerPart * 96);
      for (let vector = 0; vector < subject.vectorsPerPart; vector++) {
        const source = random.subarray(vector * 96, (vector + 1) * 96);
        expect(magnitudes![vector]! / Math.hypot(...source)).toBeCloseTo(1, 5);
        expect(rows[vector * 96 + 5]! * magnitudes![vector]!).toBeCloseTo(source[5]!, 5);
      }
    }
  });

  it('searches find the ten greatest inner products of all rows, with the index as in JavaScript', async () => {
    const query = random.slice(0, 96).reverse();
    const expected: number[] = [];
    for (let part = 0; part < set.parts; part++) {
      for (let row = 0; row < set.vectorsPerPart; row++) {
        const source = random.subarray(row * 96, (row + 1) * 96);
        expected.push(
          source.reduce((sum, component, i) => sum + Math.fround(component * (1 + part / set.parts)) * query[i]!, 0),
        );
      }
    }
    expected.sort((a, b) => b - a);
    for (const variant of ['javascript', 'threads'] as const) {
      const subject = await createSearchSubject(variant, VectorIndex.build, 2, set);
      expect(subject.vectorsPerPart).toBe(set.parts * set.vectorsPerPart);
      await subject.run(0);
      const { rows } = subject.output(0);
      expect(rows).toHaveLength(10);
      for (const [i, score] of rows.entries()) expect(score).toBeCloseTo(expected[i]!, 3);
      subject.dispose();
    }
  });
});
