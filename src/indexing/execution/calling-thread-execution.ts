/**
 * The calling thread alone, where there are no workers: parts of batches, with turns of its event loop between them.
 */

import { TimeSlices } from '../../base/time-slices.js';
import { indexPart } from '../../engine/worker/part.js';
import { warmUp } from '../../engine/worker/warm-up.js';
import { instantiateKernel } from '../../kernel/instantiate.js';
import type { Execution } from './execution.js';
import { indexParts } from './part-execution.js';

/** Predictions may be wrong by a factor of two, and a slice ends only with a part. */
const LIMITS = { ns: 2e6, bytes: 2 ** 24 };

/** @param shared whether the memories of runs are shared ones, though nobody shares them */
export function executeOnCallingThread(shared: boolean): Execution {
  return {
    threads: 1,
    shared: false,
    pool: undefined,
    async warmUp(kernel) {
      warmUp(kernel, shared);
    },
    async execute(work) {
      const { kernel: compiled, memory, scratch } = work.task(0, 0);
      const kernel = instantiateKernel(compiled, memory);
      const slices = new TimeSlices();
      await indexParts(work, 1, LIMITS, async (part) => {
        const { batch, first, count, dims } = part;
        await work.copyRows(batch, first, first + count, slices);
        const rows = batch.rows + first * dims * 4;
        const record = indexPart(kernel, part, { rows, magnitudes: batch.magnitudes + first * 4, scratch });
        if (slices.isDue()) await slices.nextTurn();
        return record;
      });
    },
    dispose: async () => undefined,
  };
}
