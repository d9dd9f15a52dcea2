/**
 * What was recorded, and what runs did, in the last twenty seconds. The last ten are judged, and compared with the ten before.
 */
import type { MonitorWindow } from './monitor-window.js';
import { TimeDistribution } from './time-distribution.js';

const PART_MS = 1000;
const PARTS = 10;
/** A rule is judged over that long. */
export const WINDOW_MS = PARTS * PART_MS;

interface Part {
  readonly number: number;
  readonly queries: TimeDistribution;
  readonly indexes: TimeDistribution;
  readonly kinds: Set<string | undefined>;
  runMs: number;
  handled: number;
  timesResolved: boolean;
}

export class RecentWork {
  /** In order of time; those without a record are left out. */
  #parts: Part[] = [];

  /** Takes in what was recorded up to `atMs`, on any clock that does not run backwards. */
  addRecords({ queries, indexes }: Pick<MonitorWindow, 'queries' | 'indexes'>, atMs: number): void {
    if (queries.count === 0 && indexes.count === 0) return;
    const part = this.#partAt(atMs);
    part.queries.merge(queries);
    part.indexes.merge(indexes);
  }

  /**
   * Takes in `elapsedMs` of a run that does `work`, up to `atMs`.
   *
   * @param timesResolved whether its index times spread by more than the clock's steps
   */
  addRun(work: string | undefined, handled: number, elapsedMs: number, timesResolved: boolean, atMs: number): void {
    const part = this.#partAt(atMs);
    part.runMs += elapsedMs;
    part.handled += handled;
    part.kinds.add(work);
    part.timesResolved &&= timesResolved;
  }

  /** The last ten seconds. */
  last(atMs: number): MonitorWindow {
    return this.#window(partNumber(atMs) - PARTS + 1);
  }

  /** The ten seconds before. */
  before(atMs: number): MonitorWindow {
    return this.#window(partNumber(atMs) - 2 * PARTS + 1);
  }

  #window(first: number): MonitorWindow {
    const parts = this.#parts.filter(({ number }) => number >= first && number < first + PARTS);
    const kinds = new Set(parts.flatMap((part) => [...part.kinds]));
    return {
      queries: merged(parts.map(({ queries }) => queries)),
      indexes: merged(parts.map(({ indexes }) => indexes)),
      runMs: parts.reduce((sum, { runMs }) => sum + runMs, 0),
      handled: parts.reduce((sum, { handled }) => sum + handled, 0),
      work: onlyOneOf(kinds),
      indexTimesResolved: parts.every(({ timesResolved }) => timesResolved),
    };
  }

  #partAt(atMs: number): Part {
    const number = partNumber(atMs);
    const last = this.#parts.at(-1);
    if (last?.number === number) return last;
    const part: Part = {
      number,
      queries: new TimeDistribution(),
      indexes: new TimeDistribution(),
      kinds: new Set(),
      runMs: 0,
      handled: 0,
      timesResolved: true,
    };
    this.#parts = [...this.#parts.filter((each) => each.number > number - 2 * PARTS), part];
    return part;
  }
}

function partNumber(atMs: number): number {
  return Math.floor(atMs / PART_MS);
}

function merged(parts: readonly TimeDistribution[]): TimeDistribution {
  const all = new TimeDistribution();
  for (const part of parts) if (part.count > 0) all.merge(part);
  return all;
}

/** The only kind of work in `kinds`, undefined where there are several. Work that is recorded without a run is of the kind `none`. */
function onlyOneOf(kinds: ReadonlySet<string | undefined>): string | undefined {
  const [kind] = kinds;
  if (kinds.size === 0) return 'none';
  return kinds.size === 1 ? kind : undefined;
}
