/** Windows of a monitor from the durations recorded in them, for tests of what is judged of windows. */
import type { MonitorWindow } from '../../src/monitoring/monitor-window.js';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';

/** Durations, each as many times as said. */
export type Times = readonly (readonly [ms: number, count: number])[];

interface WindowContent extends Partial<Omit<MonitorWindow, 'queries' | 'indexes'>> {
  readonly queries?: Times;
  readonly indexes?: Times;
}

export function windowOf({ queries = [], indexes = [], ...rest }: WindowContent): MonitorWindow {
  return {
    queries: timesOf(queries),
    indexes: timesOf(indexes),
    runMs: 0,
    handled: 0,
    work: 'none',
    indexTimesResolved: true,
    ...rest,
  };
}

export function timesOf(times: Times): TimeDistribution {
  const all = new TimeDistribution();
  for (const [ms, count] of times) all.record(ms, count);
  return all;
}
