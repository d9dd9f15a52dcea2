/**
 * Windows compared with the ones before them. Pure.
 *
 * A figure is compared with its last value, of the last window that has one. Index times and throughput are compared only
 * where the work is the same: longer vectors take longer.
 */
import type { DegradationUpdate } from './monitor-update.js';
import type { MonitorWindow } from './monitor-window.js';

/** The last value of each figure; undefined before the first. */
export interface DegradationBaseline {
  readonly avgQueryTimeMs?: number | undefined;
  /** The work that the next two are of. */
  readonly work?: string | undefined;
  readonly avgIndexTimeMs?: number | undefined;
  readonly vectorsPerSecond?: number | undefined;
}

type Figure = DegradationUpdate['figure'];

const NAMES: Record<Figure, string> = {
  avgQueryTimeMs: 'Mean query time rose',
  avgIndexTimeMs: 'Mean index time rose',
  vectorsPerSecond: 'Throughput fell',
};

/** @param threshold share by which a figure may be worse */
export function judgeDegradation(
  baseline: DegradationBaseline,
  window: MonitorWindow,
  threshold: number,
): { readonly baseline: DegradationBaseline; readonly degradations: readonly DegradationUpdate[] } {
  const { stats, work, vectorsPerSecond } = window;
  const query = stats.totalQueries > 0 ? { avgQueryTimeMs: stats.avgQueryTimeMs } : {};
  const index = {
    ...(stats.totalIndexes > 0 ? { avgIndexTimeMs: stats.avgIndexTimeMs } : {}),
    ...(vectorsPerSecond === undefined ? {} : { vectorsPerSecond }),
  };
  // An empty window is of no work; it leaves the last value where it is.
  const idle = Object.keys(index).length === 0;
  const same = work !== undefined && work === baseline.work;
  const { avgQueryTimeMs } = baseline;
  const before = idle || same ? baseline : { avgQueryTimeMs };
  const degradations = Object.entries({ ...query, ...index }).flatMap(([name, after]) => {
    const figure = name as Figure;
    const change = worsening(figure, before[figure], after);
    return change > threshold ? [degradation(figure, before[figure] ?? 0, after, change, threshold)] : [];
  });
  return { baseline: { ...before, ...(idle ? {} : { work }), ...query, ...index }, degradations };
}

/** Share by which `after` is worse than `before`; 0 where there is nothing to compare with. */
function worsening(figure: Figure, before: number | undefined, after: number): number {
  if (before === undefined || before === 0) return 0;
  return figure === 'vectorsPerSecond' ? 1 - after / before : after / before - 1;
}

function degradation(
  figure: Figure,
  before: number,
  after: number,
  change: number,
  threshold: number,
): DegradationUpdate {
  const message = `${NAMES[figure]} by ${(100 * change).toFixed(1)} % from one window to the next`;
  return { type: 'degradation', figure, message, before, after, change, threshold };
}
