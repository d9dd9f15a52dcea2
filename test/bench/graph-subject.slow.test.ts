/**
 * The graph that is measured is searched as its name says.
 */
import { VectorIndex } from 'simdex';
import { expect, test } from 'vitest';
import { checkAgreement } from '../../bench/suite/agreement.js';
import { createDataSet, randomComponents } from '../../bench/suite/data-set.js';
import { createGraphSubject } from '../../bench/suite/program-subjects.js';

const sizes = { partBytes: 2 ** 16, setBytes: 2 ** 18 };
const set = createDataSet(96, sizes, randomComponents(sizes.partBytes / 4));

test('searches go through a graph, and find what JavaScript finds among all rows', async () => {
  const built: VectorIndex[] = [];
  const build: typeof VectorIndex.build = async (vectors, options) => {
    const index = await VectorIndex.build(vectors, options);
    built.push(index as VectorIndex);
    return index;
  };
  const subjects = [
    await createGraphSubject('javascript', build, 2, set),
    await createGraphSubject('threads', build, 2, set),
  ];
  await checkAgreement(subjects.map((subject, i) => ({ name: String(i), subject })));
  expect(built.map(({ size, graph }) => ({ size, rows: graph?.rows }))).toEqual([{ size: 10_000, rows: 10_000 }]);
  const measured = built[0]!.graph!.calibration.filter(({ k }) => k === 10);
  expect(subjects.map(({ recall }) => recall?.curve.map(({ effort, recall: found }) => [effort, found]))).toEqual([
    undefined,
    measured.map(({ effort, recall: found }) => [effort, found]),
  ]);
  for (const subject of subjects) {
    const { rows } = subject.output(0);
    expect(rows).toHaveLength(10);
    expect([...rows]).toEqual([...rows].sort((a, b) => b - a));
    subject.dispose();
  }
});
