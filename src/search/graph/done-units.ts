/**
 * Counts what a job that puts rows into a graph has done so far. Every unit counts once, when it is done, even if the job fails later.
 */
import { nowMs } from '../../base/time.js';
import { DONE } from '../../memory/control-block.js';
import type { JobControl } from '../../memory/job-control.js';
import type { BatchSample } from '../../reporting/report-data.js';

export class DoneUnits {
  readonly control: JobControl;
  /** When the job began (milliseconds, as of `nowMs`): times of units count from here. */
  readonly startedAtMs = nowMs();
  readonly #dims: number;
  readonly #onPutIn: (count: number, meanMs: number) => void;
  readonly #seen: Uint8Array;
  readonly #batches: BatchSample[] = [];

  /**
   * @param dims of the rows
   * @param onPutIn told of the rows of a unit, and what each took its thread, in milliseconds
   */
  constructor(control: JobControl, dims: number, onPutIn: (count: number, meanMs: number) => void) {
    this.control = control;
    this.#dims = dims;
    this.#onPutIn = onPutIn;
    this.#seen = new Uint8Array(control.unitCount);
  }

  /** Units that were taken in, in no order. */
  get batches(): readonly BatchSample[] {
    return this.#batches;
  }

  /** Takes in the units that were done since the last call. */
  takeIn(): void {
    const { control, startedAtMs } = this;
    for (let unit = 0; unit < control.unitCount; unit++) {
      if (this.#seen[unit] === 1 || control.state(unit) !== DONE) continue;
      this.#seen[unit] = 1;
      const vectors = control.rowsDone(unit);
      if (vectors === 0) continue;
      const threadId = control.threadId(unit);
      const claimedAtMs = Math.max(0, control.claimedAtMs(unit) - startedAtMs);
      const endedAtMs = Math.max(claimedAtMs, control.endedAtMs(unit) - startedAtMs);
      this.#batches.push({ threadId, vectors, dims: this.#dims, rejected: 0, claimedAtMs, endedAtMs });
      this.#onPutIn(vectors, (endedAtMs - claimedAtMs) / vectors);
    }
  }
}
