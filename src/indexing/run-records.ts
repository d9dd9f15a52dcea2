/**
 * Records of a run, while it lasts and when it has ended. A run is one call as its caller sees it, whatever other calls
 * were done together with it.
 */
import type { BatchRecords } from '../memory/batch.js';
import type { MatrixLayout } from '../memory/matrix-memory.js';
import type { IndexingProgress } from '../monitoring/run-progress.js';
import type { CopyIn, RunConditions } from '../reporting/report-data.js';

/** A run as its records tell it, whether it succeeded or not. */
export interface RunRecords {
  readonly control: BatchRecords;
  /** The memory that the layout describes. */
  readonly buffer: ArrayBufferLike;
  readonly layout: MatrixLayout;
  readonly batchSize: number;
  readonly threads: number;
  /** Time of the call. Times of batches and of copying count from here. */
  readonly startedAtMs: number;
  /** Time from the call to its result, waiting included, in milliseconds. */
  readonly totalTimeMs: number;
  /** Part of that time before its job began. */
  readonly waitedMs: number;
  /** Copying by the calling thread; undefined where it copied nothing, or nothing is timed. */
  readonly copyIn: CopyIn | undefined;
  readonly conditions: RunConditions;
}

/** A run that is under way. */
export interface LiveRun {
  /** The records as they are now. */
  readonly records: RunRecords;
  /** Names what is done to rows of which length; undefined where lengths differ. */
  readonly work: string | undefined;
  progress(): IndexingProgress;
}
