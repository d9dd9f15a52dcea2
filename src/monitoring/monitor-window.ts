/**
 * The figures of a stretch of time, from which alerts and degradations are judged.
 */
import type { TimeDistribution } from './time-distribution.js';

export interface MonitorWindow {
  /** What was recorded in it. */
  readonly queries: TimeDistribution;
  readonly indexes: TimeDistribution;
  /** Time that runs lasted in it, together. */
  readonly runMs: number;
  /** Vectors that these runs handled. */
  readonly handled: number;
  /** Names the work of its runs, so that equal work is compared; undefined where it differed within the window. */
  readonly work: string | undefined;
  /** Whether index times spread by more than the clock's steps. */
  readonly indexTimesResolved: boolean;
}

/** A condition must have held for this long before it is judged: a moment tells nothing. */
export const HELD_MS = 3000;
/** Fewer queries or vectors in a window tell nothing. */
const MIN_QUERIES = 100;
export const MIN_VECTORS = 1000;

/** undefined where there are too few. */
export function queriesOf({ queries }: MonitorWindow): TimeDistribution | undefined {
  return queries.count >= MIN_QUERIES ? queries : undefined;
}

/** undefined where there are too few. */
export function indexesOf({ indexes }: MonitorWindow): TimeDistribution | undefined {
  return indexes.count >= MIN_VECTORS ? indexes : undefined;
}

/** While runs lasted; undefined where they hardly did. */
export function vectorsPerSecond({ runMs, handled }: MonitorWindow): number | undefined {
  return runMs >= LEAST_RUN_MS ? (1000 * handled) / runMs : undefined;
}

/** The rate of a shorter time is that of a last batch running out. */
const LEAST_RUN_MS = 50;
