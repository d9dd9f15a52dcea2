/**
 * The part of a job that belongs to one call: its rows in the job's memory, its batches among the job's units, and its own
 * outcome.
 */

import { IndexingError, messageOf, type RowRange } from '../base/errors.js';
import { nowMs } from '../base/time.js';
import type { UnitDeath } from '../engine/job.js';
import type { Batch, BatchRecords } from '../memory/batch.js';
import { DONE, DROPPED } from '../memory/control-block.js';
import type { MatrixLayout } from '../memory/matrix-memory.js';
import { type IndexingProgress, ProgressReader } from '../monitoring/run-progress.js';
import type { RowCopy } from './copy-in.js';
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
