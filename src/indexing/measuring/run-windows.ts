/**
 * What the threads of a run did since the last look, read from its control block.
 */
import { nowMs } from '../../base/time.js';
import type { BatchRecords } from '../../memory/batch.js';
import { CLAIMED, DONE } from '../../memory/control-block.js';
import type { RunWindow } from '../tuning/tuner-during-run.js';

export class RunWindows {
  readonly #control: BatchRecords;
  readonly #availableThreads: number;
  /** Batches before this one are done and in the sums. */
  #firstOpen = 0;
  readonly #doneMs: number[];
  #doneComponents = 0;
  #busyMs: readonly number[];
  #components = 0;
  #atMs: number;

  constructor(control: BatchRecords, threads: number, availableThreads: number) {
    this.#control = control;
    this.#availableThreads = availableThreads;
    this.#doneMs = new Array<number>(threads).fill(0);
    this.#busyMs = [...this.#doneMs];
    this.#atMs = nowMs();
  }

  /** The window since the last call, of the first `threads` threads. */
  next(threads: number): RunWindow {
    const control = this.#control;
    const now = nowMs();
    while (this.#firstOpen < control.batchCount && control.state(this.#firstOpen) === DONE) {
      const { components, threadId, busyMs } = this.#read(this.#firstOpen++, now);
      this.#doneComponents += components;
      this.#doneMs[threadId]! += busyMs;
    }
    const busy = [...this.#doneMs];
    let all = this.#doneComponents;
    for (let batch = this.#firstOpen; batch < control.batchCount; batch++) {
      const state = control.state(batch);
      if (state !== CLAIMED && state !== DONE) continue;
      const { components, threadId, busyMs } = this.#read(batch, now);
      all += components;
      busy[threadId]! += busyMs;
    }
    const window = {
      rate: now > this.#atMs ? Math.max(0, all - this.#components) / (now - this.#atMs) : 0,
      busyMs: busy.slice(0, threads).map((ms, threadId) => Math.max(0, ms - this.#busyMs[threadId]!)),
      unclaimed: control.unclaimed,
      availableThreads: this.#availableThreads,
    };
    this.#busyMs = busy;
    this.#components = all;
    this.#atMs = now;
    return window;
  }

  #read(batch: number, now: number) {
    const control = this.#control;
    const endedAtMs = control.state(batch) === DONE ? control.endedAtMs(batch) : now;
    const claimedAtMs = control.claimedAtMs(batch);
    return {
      components: control.rowsDone(batch) * control.batch(batch).dims,
      threadId: control.threadId(batch),
      // 0 until the thread has come to write it.
      busyMs: claimedAtMs > 0 ? Math.max(0, endedAtMs - claimedAtMs) : 0,
    };
  }
}
