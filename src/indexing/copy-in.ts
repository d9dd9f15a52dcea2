/**
 * Brings the rows of a run into its memory. The calling thread copies them, batch after batch, while threads already index the
 * first ones. Where a thread died, it copies its rows again. Rows in place are there from the start. Rows in shared memory are
 * copied by the thread that claims them.
 */

import type { RowRange } from '../base/errors.js';
import { nowMs, TimeSlices } from '../base/time.js';
import type { Batch } from '../memory/batch.js';
import type { CopyIn } from '../reporting/report-data.js';
import type { SourceRows } from '../vectors/source-rows.js';

/** Bytes copied between two looks at the clock: well below a millisecond. */
const COPY_BYTES = 2 ** 18;
/** Rows copied between two looks at the clock, where they are short: a row costs up to 100 ns whatever its length. */
const COPY_ROWS = 2 ** 13;

export interface RowCopyInput {
  readonly source: SourceRows;
  readonly inPlace: boolean;
  /** Whether threads copy the rows themselves. */
  readonly byThreads: boolean;
  /** The job's memory. */
  readonly buffer: ArrayBufferLike;
  readonly timed: boolean;
  readonly startedAtMs: number;
  /** Fills rows of the caller's memory again, where they were overwritten in place and are at hand elsewhere. */
  readonly restoreInPlace: ((rows: RowRange) => void | Promise<void>) | undefined;
}

export class RowCopy {
  readonly #input: RowCopyInput;
  #copied: CopyIn | undefined;
  #stopped = false;

  constructor(input: RowCopyInput) {
    this.#input = input;
  }

  /** What was copied so far; undefined where the calling thread copied nothing, or nothing is timed. */
  get copied(): CopyIn | undefined {
    return this.#copied;
  }

  /** Whether there is nothing to copy before a batch is indexed. */
  get isInPlace(): boolean {
    return this.#input.inPlace || this.#input.byThreads;
  }

  /** Nothing more is copied: nobody wants it. */
  stop(): void {
    this.#stopped = true;
  }

  /** Copies a batch in before it returns. */
  copyNow(batch: Batch): void {
    if (!this.isInPlace) this.#copyRows(batch, 0, batch.count);
  }

  /** Copies a batch in, with turns of the event loop where `slices` says that one is due. */
  async copy(batch: Batch, slices: TimeSlices): Promise<void> {
    if (this.isInPlace) return;
    const stride = Math.max(1, Math.min(COPY_ROWS, Math.floor(COPY_BYTES / (batch.dims * 4))));
    await slices.forEach(batch.count, stride, (first, last) => this.#copyRows(batch, first, last));
  }

  /** Puts the rows of a batch back as they were; false where nobody can: they were overwritten in place. */
  async restore(batch: Batch): Promise<boolean> {
    const { inPlace, restoreInPlace } = this.#input;
    if (!inPlace) {
      await this.copy(batch, new TimeSlices());
      return true;
    }
    await restoreInPlace?.({ first: batch.firstRank, last: batch.firstRank + batch.count });
    return restoreInPlace !== undefined;
  }

  #copyRows({ rows, dims, firstRank }: Batch, first: number, last: number): void {
    if (this.#stopped) return;
    const { source, timed, buffer, startedAtMs } = this.#input;
    const target = new Float32Array(buffer, rows + first * dims * 4, (last - first) * dims);
    const beganAtMs = timed ? nowMs() : 0;
    source.copyInto(target, firstRank + first, last - first, dims);
    if (!timed) return;
    const endedAtMs = nowMs();
    const { bytes, busyMs } = this.#copied ?? { bytes: 0, busyMs: 0 };
    this.#copied = {
      bytes: bytes + target.byteLength,
      busyMs: busyMs + endedAtMs - beganAtMs,
      endedAtMs: endedAtMs - startedAtMs,
    };
  }
}
