/**
 * Where the time of a run went from start to end, phase by phase. Pure. Times in milliseconds after the start.
 */
import type { BatchSample, CopyIn, Phase } from './report-data.js';

/** A stretch of time in which something was done. */
export interface Span {
  readonly name: Phase['name'];
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Every moment from 0 to `totalMs` belongs to one phase: of those whose spans cover it the first of `precedence`, or `rest`.
 * Phases without time are left out; the others are in the order in which they are shown, and add up to `totalMs`.
 *
 * @param precedence the names of all spans
 */
export function phasesOf(spans: readonly Span[], totalMs: number, precedence: readonly Phase['name'][]): Phase[] {
  const within = spans
    .map(({ name, fromMs, toMs }) => ({ name, fromMs: Math.max(0, fromMs), toMs: Math.min(totalMs, toMs) }))
    .filter(({ fromMs, toMs }) => fromMs < toMs);
  const steps = within
    .flatMap(({ name, fromMs, toMs }) => [
      { atMs: fromMs, name, change: 1 },
      { atMs: toMs, name, change: -1 },
    ])
    .sort((a, b) => a.atMs - b.atMs);
  const open = new Map<Phase['name'], number>();
  const sums = new Map<Phase['name'], number>();
  let lastMs = 0;
  for (const { atMs, name, change } of [...steps, { atMs: totalMs, name: 'rest' as const, change: 0 }]) {
    const current = precedence.find((each) => (open.get(each) ?? 0) > 0) ?? 'rest';
    sums.set(current, (sums.get(current) ?? 0) + Math.max(0, atMs - lastMs));
    lastMs = Math.max(lastMs, atMs);
    open.set(name, (open.get(name) ?? 0) + change);
  }
  return shownOrder.flatMap((name) => {
    const ms = sums.get(name) ?? 0;
    return ms > 0 ? [{ name, ms }] : [];
  });
}

const shownOrder: readonly Phase['name'][] = [
  'waiting',
  'starting',
  'reading',
  'copying',
  'indexing',
  'writing',
  'graph',
  'report',
  'rest',
];

export interface RunTimes {
  readonly totalTimeMs: number;
  readonly waitedMs: number;
  /** All that are done. */
  readonly batches: readonly BatchSample[];
  readonly copyIn: CopyIn | undefined;
  readonly startedThreads: number;
}

/** The phases of one run: what waits for rows that are copied in, while nothing is indexed, is copying. */
export function phasesOfRun({ totalTimeMs, waitedMs, batches, copyIn, startedThreads }: RunTimes): Phase[] {
  const firstClaimMs = batches.reduce((first, { claimedAtMs }) => Math.min(first, claimedAtMs), totalTimeMs);
  const spans: Span[] = [
    { name: 'waiting', fromMs: 0, toMs: waitedMs },
    ...batches.map(({ claimedAtMs, endedAtMs }): Span => {
      return { name: 'indexing', fromMs: claimedAtMs, toMs: endedAtMs };
    }),
  ];
  if (copyIn) spans.push({ name: 'copying', fromMs: copyIn.endedAtMs - copyIn.busyMs, toMs: copyIn.endedAtMs });
  if (startedThreads > 0) spans.push({ name: 'starting', fromMs: waitedMs, toMs: firstClaimMs });
  return phasesOf(spans, totalTimeMs, ['waiting', 'indexing', 'copying', 'starting']);
}
