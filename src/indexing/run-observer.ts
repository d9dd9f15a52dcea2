/**
 * How a monitor takes part in the runs of an indexer.
 */

import type { Backend } from '../engine/engine-core.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import type { RowGroup } from '../vectors/source-rows.js';
import type { LiveRun, RunRecords } from './run-records.js';
import { calculateOptimalBatchSize } from './tuning/optimal-batch-size.js';
import type { Setting } from './tuning/tuner.js';

export interface RunObserver {
  /** Whether anything is timed. */
  readonly timed: boolean;
  /** Step of the clock, in milliseconds; 0 where it does not matter. */
  readonly clockTickMs: number;
  /** Upper bound of a batch size that the caller does not give. */
  maxBatchSize(total: number): number;
  /** Threads and batch size of a run on threads, where a tuner sets them. */
  settingFor?(groups: readonly RowGroup[], operation: KernelOperation, given: Setting): Setting;
  /** Called when a run begins, which `run` tells of while it lasts. */
  onBegin(run: LiveRun, backend: Backend): void;
  /** Called once for each run that began, also one that failed; the run's promise settles after this one. */
  onRecords(records: RunRecords, backend: Backend): void | Promise<void>;
}

/** For runs that nobody watches. */
export function observeNothing(threadCount: number): RunObserver {
  return {
    timed: false,
    clockTickMs: 0,
    maxBatchSize: (total) => calculateOptimalBatchSize(total, threadCount, undefined),
    onBegin: () => undefined,
    onRecords: () => undefined,
  };
}
