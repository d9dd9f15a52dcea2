/**
 * A run as a RealTimeMonitor sees it while it lasts.
 */
import type { IndexingProgress } from './run-progress.js';

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
