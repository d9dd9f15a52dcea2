/**
 * The part of a job that belongs to one call: its rows, which are brought into the job's memory, its batches among the job's units, and its own
 * outcome.
 */
import type { RowRange } from '../base/errors.js';
import { IndexingError, messageOf } from '../base/errors.js';
import { nowMs, TimeSlices } from '../base/time.js';
import type { UnitDeath } from '../engine/job.js';
import type { Batch, BatchRecords } from '../memory/batch.js';
import { DONE, DROPPED } from '../memory/control-block.js';
import type { MatrixLayout } from '../memory/matrix-memory.js';
import { type IndexingProgress, ProgressReader } from '../monitoring/run-progress.js';
import type { CopyIn } from '../reporting/report-data.js';
import type { SourceRows } from '../vectors/source-rows.js';
import type { IndexingCall } from './indexing-call.js';
import type { LiveRun, RunRecords } from './run-records.js';
import { findFailure } from './run-records.js';

export interface CallSectionInput {
  readonly call: IndexingCall;
  readonly layout: MatrixLayout;
  readonly buffer: ArrayBufferLike;
  readonly records: BatchRecords;
  readonly batches: readonly Batch[];
  readonly batchSize: number;
  readonly threads: number;
  readonly rows: RowCopy;
  readonly beganAtMs: number;
}

export class CallSection implements LiveRun {
  readonly batches: readonly Batch[];
  readonly rows: RowCopy;
  readonly layout: MatrixLayout;
  readonly #input: CallSectionInput;
  readonly #startedAtMs: number;
  /** Made when somebody asks how far it is. */
  #progress: ProgressReader | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #lost: RowRange | undefined;

  constructor(input: CallSectionInput) {
    const { call, beganAtMs, batches, rows, layout } = input;
    this.#input = input;
    this.batches = batches;
    this.rows = rows;
    this.layout = layout;
    this.#startedAtMs = startOf(call, beganAtMs);
  }

  get records(): RunRecords {
    const { call, records, buffer, layout, batchSize, threads } = this.#input;
    const now = nowMs();
    return {
      control: records,
      buffer,
      layout,
      batchSize,
      threads,
      startedAtMs: call.calledAtMs,
      totalTimeMs: now - call.calledAtMs,
      waitedMs: this.#startedAtMs - call.calledAtMs,
      copyIn: this.rows.copied,
      conditions: call.watch.read(),
    };
  }

  get work(): string | undefined {
    const { source, options } = this.#input.call;
    return source.groups.length === 1 ? `${options.operation} ${source.groups[0]!.dims}` : undefined;
  }

  progress(): IndexingProgress {
    const { call, records, threads } = this.#input;
    this.#progress ??= new ProgressReader(records, call.rows, threads, this.#startedAtMs);
    return this.#progress.read();
  }

  /** Whether nobody wants the batch any more. */
  isDropped(batch: number): boolean {
    return this.#input.records.state(batch) === DROPPED;
  }

  /** The call ends with `reason`: its batches are not wanted any more. */
  stop(reason: unknown): void {
    this.#failure ??= { reason };
    this.rows.stop();
    this.#input.records.drop();
  }

  /** A batch cannot be done. */
  fail(index: number, { thread, deaths, lost, cause }: UnitDeath): void {
    const { firstRank, count } = this.batches[index]!;
    if (!lost) {
      const detail = `batch ${index} (${count} vectors) ended ${deaths} worker threads (${messageOf(cause)})`;
      this.stop(new IndexingError('ThreadPanic', detail, { threadId: thread, cause }));
      return;
    }
    // The other batches go on: what is lost stays as small as it is.
    const first = Math.min(firstRank, this.#lost?.first ?? firstRank);
    const last = Math.max(firstRank + count, this.#lost?.last ?? 0);
    this.#lost = { first, last };
    const detail = `rows ${first} to ${last - 1} were overwritten in place and are undefined (${messageOf(cause)})`;
    const details = { threadId: thread, rows: this.#lost, cause };
    this.#failure = { reason: new IndexingError('ThreadPanic', detail, details) };
  }

  /** The records of a call whose job has ended; throws what made it fail. */
  conclude(): RunRecords {
    if (this.#failure) throw this.#failure.reason;
    const { call, records, buffer } = this.#input;
    const failure = call.options.onInvalid === 'throw' && findFailure(records, buffer, call.source.order);
    if (failure) throw failure;
    for (let batch = 0; batch < records.batchCount; batch++) {
      if (records.state(batch) === DONE) continue;
      throw new IndexingError('ThreadPanic', `batch ${batch} was left undone`, { threadId: records.threadId(batch) });
    }
    return this.records;
  }
}

/** When the call would have been made that did not have to wait. */
function startOf({ calledAtMs, enteredAtMs }: IndexingCall, beganAtMs: number): number {
  return calledAtMs + (beganAtMs - enteredAtMs);
}

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

/**
 * Brings the rows of a run into its memory. The calling thread copies them, batch after batch, while threads already index the
 * first ones. Where a thread died, it copies its rows again. Rows in place are there from the start. Rows in shared memory are
 * copied by the thread that claims them.
 */
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
