/**
 * The rows of a run on their way into its memory: copied in, batch after batch, while threads already index the first of
 * them, and put back as they were where a thread died. Rows of a run in place are there from the start; shared ones are
 * copied by the thread that claims them.
 */
import { nowMs } from '../base/clock.js';
import type { RowRange } from '../base/errors.js';
import { TimeSlices } from '../base/time-slices.js';
import type { ControlBlock } from '../memory/control-block.js';
import type { Batch } from '../memory/control-layout.js';
import type { CopyIn } from '../reporting/report-data.js';
import type { SourceRows } from '../vectors/source-rows.js';

/** Bytes copied between two looks at the clock: well below a millisecond. */
const COPY_BYTES = 2 ** 18;
/** Rows copied between two looks at the clock, where they are short: a row costs up to 100 ns whatever its length. */
const COPY_ROWS = 2 ** 13;

export interface RunRowsInput {
  readonly source: SourceRows;
  readonly inPlace: boolean;
  readonly batches: readonly Batch[];
  readonly control: ControlBlock;
  /** The run's memory. */
  readonly buffer: ArrayBufferLike;
  readonly startedAtMs: number;
  /** Fills rows of the caller's memory again, where they were overwritten in place and are at hand elsewhere. */
  readonly restoreInPlace: ((rows: RowRange) => void | Promise<void>) | undefined;
}

export class RunRows {
  readonly #input: RunRowsInput;
  #copied: CopyIn | undefined;

  constructor(input: RunRowsInput) {
    this.#input = input;
  }

  /** What was copied so far; undefined where the calling thread copied nothing, or nothing is timed. */
  get copied(): CopyIn | undefined {
    return this.#copied;
  }

  /** Puts all rows in place before it returns, shared ones too. */
  putInPlace(): void {
    const { batches, control } = this.#input;
    for (const batch of batches) this.#copyRows(batch, 0, batch.count, this.#rowsOf(batch, 0, batch.count));
    control.publishReady(batches.length);
  }

  /**
   * Copies the rows in, batch after batch, and lets the threads know of each; nothing to do where workers copy.
   *
   * @param signal ends it with its reason
   */
  async copyIn(signal: AbortSignal | undefined): Promise<void> {
    const { source, inPlace, batches, control } = this.#input;
    if (!inPlace && !source.shared) {
      const slices = new TimeSlices(signal);
      for (let i = 0; i < batches.length && control.isWanted(i); i++) {
        await this.#copyBatch(batches[i]!, slices);
        control.publishReady(i + 1);
      }
    }
    control.publishReady(batches.length);
  }

  /** Puts the rows of a batch back as they were; false where nobody can: they were overwritten in place. */
  async restore(index: number): Promise<boolean> {
    const { source, inPlace, batches, restoreInPlace } = this.#input;
    const batch = batches[index]!;
    if (inPlace) {
      await restoreInPlace?.({ first: batch.firstRank, last: batch.firstRank + batch.count });
      return restoreInPlace !== undefined;
    }
    // Shared rows are copied by the thread that claims them.
    if (!source.shared) await this.#copyBatch(batch, new TimeSlices());
    return true;
  }

  /** Copies rows `first` to `last` of a batch, as they are before indexing, to `target`, or to their place in the run. */
  async copy(
    batch: Batch,
    first: number,
    last: number,
    slices: TimeSlices,
    target = this.#rowsOf(batch, first, last),
  ): Promise<void> {
    const { dims } = batch;
    const stride = Math.max(1, Math.min(COPY_ROWS, Math.floor(COPY_BYTES / (dims * 4))));
    await slices.forEach(last - first, stride, (from, to) => {
      this.#copyRows(batch, first + from, first + to, target.subarray(from * dims, to * dims));
    });
  }

  #copyBatch(batch: Batch, slices: TimeSlices): Promise<void> {
    return this.copy(batch, 0, batch.count, slices);
  }

  #copyRows(batch: Batch, first: number, last: number, target: Float32Array): void {
    const { source, inPlace, control, startedAtMs } = this.#input;
    if (inPlace) {
      // They are where they belong, unless copied elsewhere.
      const rows = this.#rowsOf(batch, first, last);
      if (target.buffer !== rows.buffer) target.set(rows);
      return;
    }
    const beganAtMs = control.timed ? nowMs() : 0;
    source.copyInto(target, batch.firstRank + first, last - first, batch.dims);
    if (!control.timed) return;
    const endedAtMs = nowMs();
    const { bytes, busyMs } = this.#copied ?? { bytes: 0, busyMs: 0 };
    this.#copied = {
      bytes: bytes + target.byteLength,
      busyMs: busyMs + endedAtMs - beganAtMs,
      endedAtMs: endedAtMs - startedAtMs,
    };
  }

  /** Rows of a batch in the run's memory. */
  #rowsOf({ rows, dims }: Batch, first: number, last: number): Float32Array {
    return new Float32Array(this.#input.buffer, rows + first * dims * 4, (last - first) * dims);
  }
}
