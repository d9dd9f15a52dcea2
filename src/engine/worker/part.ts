/**
 * Parts of batches, where threads do not share the run's memory.
 */
import { nowMs } from '../../base/time.js';
import type { KernelExports } from '../../kernel/kernel-exports.js';
import { applyKernel, type PlacedRows } from '../../kernel/kernel-exports.js';
import { layOutMatrix } from '../../memory/matrix-memory.js';
import type { Part, PartRecord } from './task.js';

/** Indexes the rows of a part where they lie, one timing group after another. */
export function indexPart(kernel: KernelExports, part: Part, placed: Omit<PlacedRows, 'count' | 'dims'>): PartRecord {
  const { count, dims, sliceRows, operation, timed } = part;
  const timings = new Float32Array(timed ? Math.ceil(count / sliceRows) : 0);
  const startedAtMs = timed ? nowMs() : 0;
  let sliceStart = timed ? performance.now() : 0;
  let rejected = 0;
  for (let first = 0, slice = 0; first < count; first += sliceRows, slice++) {
    rejected += applyKernel(kernel, operation, {
      rows: placed.rows + first * dims * 4,
      count: Math.min(sliceRows, count - first),
      dims,
      magnitudes: placed.magnitudes + first * 4,
      scratch: placed.scratch,
    });
    if (timed) {
      const sliceEnd = performance.now();
      timings[slice] = Math.round((sliceEnd - sliceStart) * 1e6);
      sliceStart = sliceEnd;
    }
  }
  return { startedAtMs, endedAtMs: timed ? nowMs() : 0, rejected, timings };
}

/** Bytes of a part's rows and magnitudes, and where among them the magnitudes are. */
export function layOutPart({ count, dims }: Pick<Part, 'count' | 'dims'>) {
  return layOutMatrix([{ dims, count }], 1);
}
