/**
 * Batches done part by part, where no threads share the run's memory: the calling thread claims them, has their parts
 * indexed, and writes their records. A part is a whole batch, unless that is much work.
 *
 * Parts begin in the order of the rows, and one party indexes them one by one, so batches do not overlap in time and their
 * times add up to the time at work.
 */

import type { Part, PartRecord } from '../../engine/worker/task.js';
import type { Batch } from '../../memory/control-layout.js';
import type { RunWork } from './execution.js';
import { settleAll } from './settle-all.js';

/** Rows `first` to `first + count` of a batch. */
export interface BatchPart extends Part {
  readonly index: number;
  readonly batch: Batch;
  readonly first: number;
}

/** Where batches are cut. */
export interface PartLimits {
  /** Predicted time of a part. */
  readonly ns: number;
  readonly bytes: number;
}

interface BatchRecord {
  rows: number;
  rejected: number;
  startedAtMs: number;
  endedAtMs: number;
}

/**
 * Has all wanted batches indexed, with up to `lanes` parts under way at a time, and records them. Rejects with what `index`
 * rejects with, once no part is under way any more.
 */
export async function indexParts(
  work: RunWork,
  lanes: number,
  limits: PartLimits,
  index: (part: BatchPart) => Promise<PartRecord>,
): Promise<void> {
  const { control } = work;
  const { operation, endAtRejection } = work.task(0, 0);
  const records = new Map<number, BatchRecord>();
  const parts = partsOf();

  function* partsOf(): Generator<BatchPart> {
    for (let index = 0; control.isWanted(index); index = control.claimNext()) {
      const batch = control.batch(index);
      const { dims, sliceRows } = batch;
      const rows = Math.min(limits.ns / work.nsPerVector(dims), limits.bytes / (4 * Math.max(1, dims)));
      // Whole timing groups.
      const partRows = Math.max(1, Math.floor(rows / sliceRows)) * sliceRows;
      for (let first = 0; first < batch.count && control.isWanted(index); first += partRows) {
        const count = Math.min(partRows, batch.count - first);
        yield { index, batch, first, count, dims, sliceRows, operation, timed: control.timed };
      }
    }
  }

  async function runLane(): Promise<void> {
    for (const part of parts) record(part, await index(part));
  }

  /** Takes a finished part into the record of its batch, which is complete with its last part. */
  function record({ index, batch, first, count, sliceRows }: BatchPart, done: PartRecord): void {
    const known = records.get(index) ?? { rows: 0, rejected: 0, startedAtMs: done.startedAtMs, endedAtMs: 0 };
    known.rows += count;
    known.rejected += done.rejected;
    known.startedAtMs = Math.min(known.startedAtMs, done.startedAtMs);
    known.endedAtMs = Math.max(known.endedAtMs, done.endedAtMs);
    records.set(index, known);
    control.recordClaim(index, 0, known.startedAtMs);
    for (const [group, ns] of done.timings.entries()) control.recordTiming(index, first / sliceRows + group, ns);
    control.recordRowsDone(index, known.rows);
    if (known.rows < batch.count) return;
    records.delete(index);
    control.recordDone(index, known.rejected, known.endedAtMs);
    if (known.rejected > 0 && endAtRejection) control.lowerEnd(index + 1);
  }

  await settleAll(control, Array.from({ length: lanes }, runLane));
}
