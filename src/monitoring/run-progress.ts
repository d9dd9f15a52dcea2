/**
 * How far a run is, read from its control block while it lasts. It never goes back: when a thread dies, its rows still count
 * until the second attempt has reached them.
 */
import { nowMs } from '../base/time.js';
import type { BatchRecords } from '../memory/batch.js';
import { CLAIMED, DONE } from '../memory/control-block.js';

/** How far a run is. */
export interface IndexingProgress {
  readonly type: 'progress';
  /** Vectors handled so far, rejected ones included; `total` at the end of a run. */
  readonly processed: number;
  readonly total: number;
  /** 0..100 */
  readonly percent: number;
  readonly vectorsPerSecond: number;
  /** Milliseconds to the end at this rate; Infinity while there is no rate. */
  readonly etaMs: number;
  /** Batches that no thread has claimed. */
  readonly queueDepth: number;
  readonly threads: readonly ThreadProgress[];
}

/** What a thread has done of a run. */
export interface ThreadProgress {
  readonly threadId: number;
  readonly processed: number;
  /** Busy time / time since the run began, 0..1; 0 where nothing is timed. */
  readonly utilization: number;
}

export class ProgressReader {
  readonly #control: BatchRecords;
  readonly #total: number;
  readonly #threads: number;
  readonly #startedAtMs: number;
  #processed: number[];

  constructor(control: BatchRecords, total: number, threads: number, startedAtMs: number) {
    this.#control = control;
    this.#total = total;
    this.#threads = threads;
    this.#startedAtMs = startedAtMs;
    this.#processed = new Array<number>(threads).fill(0);
  }

  read(): IndexingProgress {
    const control = this.#control;
    const now = nowMs();
    const rows = new Array<number>(this.#threads).fill(0);
    const busyMs = new Array<number>(this.#threads).fill(0);
    for (let batch = 0; batch < control.batchCount; batch++) {
      const state = control.state(batch);
      if (state !== CLAIMED && state !== DONE) continue;
      const threadId = control.threadId(batch);
      rows[threadId]! += control.rowsDone(batch);
      const claimedAtMs = control.claimedAtMs(batch);
      // 0 until the thread has come to write it.
      if (claimedAtMs > 0) busyMs[threadId]! += (state === DONE ? control.endedAtMs(batch) : now) - claimedAtMs;
    }
    this.#processed = rows.map((count, threadId) => Math.max(count, this.#processed[threadId]!));
    const processed = Math.min(
      this.#total,
      this.#processed.reduce((sum, count) => sum + count, 0),
    );
    const elapsedMs = now - this.#startedAtMs;
    const perMs = elapsedMs > 0 ? processed / elapsedMs : 0;
    return {
      type: 'progress',
      processed,
      total: this.#total,
      percent: this.#total > 0 ? (100 * processed) / this.#total : 100,
      vectorsPerSecond: 1000 * perMs,
      etaMs: processed === this.#total ? 0 : (this.#total - processed) / perMs,
      queueDepth: control.unclaimed,
      threads: busyMs.map((busy, threadId) => ({
        threadId,
        processed: this.#processed[threadId]!,
        utilization: elapsedMs > 0 ? Math.min(1, Math.max(0, busy / elapsedMs)) : 0,
      })),
    };
  }
}

/** A run as a RealTimeMonitor sees it while it lasts. */
export interface WatchedRun<Report> {
  /** Names what is done to vectors of which length; undefined where lengths differ. */
  readonly work: string | undefined;
  /** Whether the timing groups so far last long enough, in steps of the clock, for their spread to mean anything. */
  timesResolved(): boolean;
  /** Records what was done since the last call in the performance monitors. */
  takeIn(): Promise<void>;
  progress(): IndexingProgress;
  /** Report on what was taken in so far. */
  report(): Report;
}
