/** Windows of a monitor from the durations recorded in them, for tests of what is judged of windows. */
import type { MonitorWindow } from '../../src/monitoring/monitor-window.js';
import { PerformanceMonitor } from '../../src/monitoring/performance-monitor.js';
import { manualClock } from './durations.js';

interface WindowContent extends Partial<Omit<MonitorWindow, 'stats'>> {
  readonly queries?: readonly number[];
  readonly indexes?: readonly number[];
}

export function windowOf({ queries = [], indexes = [], ...rest }: WindowContent): MonitorWindow {
  const monitor = new PerformanceMonitor(manualClock());
  monitor.recordQueryTimes(queries);
  monitor.recordIndexTimes(indexes);
  return { stats: monitor.getStats(), vectorsPerSecond: undefined, work: 'none', indexTimesResolved: true, ...rest };
}
