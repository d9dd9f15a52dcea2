/**
 * The last ten seconds compared with the ten before. Pure.
 *
 * A figure is told when it has been worse for three seconds, and again only after it has recovered. Index times and throughput
 * are compared only where the work is the same, since longer vectors take longer.
 */
import type { DegradationUpdate } from './monitor-update.js';
import { HELD_MS, indexesOf, MIN_VECTORS, type MonitorWindow, queriesOf, vectorsPerSecond } from './monitor-window.js';

type Figure = DegradationUpdate['figure'];

/** Figures that are worse now: since when, and whether that was told. */
export type WorseFigures = ReadonlyMap<Figure, { readonly sinceMs: number; readonly told: boolean }>;

interface ComparedFigure {
  readonly figure: Figure;
  readonly name: string;
  readonly higherIsBetter: boolean;
  /** Whether only windows of the same work are compared. */
  readonly sameWork: boolean;
  /** undefined where the window has too little to tell. */
  value(window: MonitorWindow): number | undefined;
}

const FIGURES: readonly ComparedFigure[] = [
  {
    figure: 'avgQueryTimeMs',
    name: 'Mean query time rose',
    higherIsBetter: false,
    sameWork: false,
    value: (window) => queriesOf(window)?.meanMs,
  },
  {
    figure: 'avgIndexTimeMs',
    name: 'Mean index time rose',
    higherIsBetter: false,
    sameWork: true,
    value: (window) => indexesOf(window)?.meanMs,
  },
  {
    figure: 'vectorsPerSecond',
    name: 'Throughput fell',
    higherIsBetter: true,
    sameWork: true,
    value: (window) => (window.handled >= MIN_VECTORS ? vectorsPerSecond(window) : undefined),
  },
];

/**
 * @param threshold share by which a figure may be worse
 * @param atMs end of `last`, on any clock that does not run backwards
 */
export function judgeDegradation(
  worse: WorseFigures,
  windows: { readonly before: MonitorWindow; readonly last: MonitorWindow },
  threshold: number,
  atMs: number,
): { readonly worse: WorseFigures; readonly degradations: readonly DegradationUpdate[] } {
  const degradations: DegradationUpdate[] = [];
  const now = new Map<Figure, { sinceMs: number; told: boolean }>();
  for (const compared of FIGURES) {
    const { figure } = compared;
    const [before, after] = [compared.value(windows.before), compared.value(windows.last)];
    const comparable = !compared.sameWork || isSameWork(windows.before, windows.last);
    if (!comparable || before === undefined || after === undefined) continue;
    const change = worsening(compared, before, after);
    if (!(change > threshold)) continue;
    const { sinceMs, told } = worse.get(figure) ?? { sinceMs: atMs, told: false };
    const tells = !told && atMs - sinceMs >= HELD_MS;
    now.set(figure, { sinceMs, told: told || tells });
    if (!tells) continue;
    const message = `${compared.name} by ${(100 * change).toFixed(1)} % from ten seconds to the next`;
    degradations.push({ type: 'degradation', figure, message, before, after, change, threshold });
  }
  return { worse: now, degradations };
}

function isSameWork(a: MonitorWindow, b: MonitorWindow): boolean {
  return a.work !== undefined && a.work === b.work;
}

/** Share by which `after` is worse than `before`; 0 where there is nothing to compare with. */
function worsening({ higherIsBetter }: ComparedFigure, before: number, after: number): number {
  if (before === 0) return 0;
  return higherIsBetter ? 1 - after / before : after / before - 1;
}
