/**
 * What is judged of the time between two updates.
 */
import type { PerformanceStats } from './performance-stats.js';

export interface MonitorWindow {
  /** Of what was recorded in it. */
  readonly stats: PerformanceStats;
  /** While runs lasted; undefined where they did not last long enough to tell. */
  readonly vectorsPerSecond: number | undefined;
  /** Names the work of its runs, so that equal work is compared; undefined where it differed within the window. */
  readonly work: string | undefined;
  /** Whether index times spread by more than the clock's steps. */
  readonly indexTimesResolved: boolean;
}
