/**
 * The indexer on its threads, in place on a matrix of its own. A call is one whole run over the whole set, dispatch to the
 * threads and waiting for them included, as a program would see it.
 */

import type { ParallelIndexer } from '../../src/indexing/parallel-indexer.js';
import type { IndexingResult } from '../../src/indexing/result/indexing-result.js';
import { type KernelOperationName, kernelOperations } from './cases.js';
import type { DataSet } from './data-set.js';
import type { Subject } from './subject.js';

export function createThreadsSubject(indexer: ParallelIndexer, operation: KernelOperationName, set: DataSet): Subject {
  const { dims, vectorsPerPart, parts, components } = set;
  const matrix = indexer.allocate(parts * vectorsPerPart, dims);
  const kernel = kernelOperations[operation];
  let result: IndexingResult | undefined;
  return {
    parts: 1,
    vectorsPerPart: parts * vectorsPerPart,
    async run() {
      result = await indexer.runInPlace(matrix, kernel);
    },
    restore() {
      for (let part = 0; part < parts; part++) matrix.data.set(components, part * components.length);
    },
    output: () => ({
      rows: matrix.data,
      magnitudes: operation === 'sort' ? undefined : result?.vectors.magnitudes,
    }),
    dispose: () => matrix.dispose(),
  };
}
