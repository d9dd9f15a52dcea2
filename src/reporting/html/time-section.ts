/**
 * How the run went: throughput, vectors indexed and the queue of batches over time, and what copying took of it.
 */
import { throughputSpans } from '../curves.js';
import { countOf, formatBytes, formatCount, formatDuration, formatNumber } from '../format.js';
import type { IndexingPerformanceReportData } from '../report-data.js';
import { curveChart } from './curve-chart.js';
import type { Curve, CurveData, CurvePoint } from './curve-data.js';
import { wordsFigure } from './figure.js';
import { type FigureRow, figureTable } from './figures.js';
import { html, type Markup } from './markup.js';
import type { PageContent } from './shown-run.js';

const ROWS: readonly FigureRow[] = [
  { title: 'Batches Kept', path: 'batches.length', value: ({ batches }) => batches.length, format: formatCount },
  {
    title: 'Mean Queue Depth',
    path: 'queueDepth.mean',
    value: ({ queueDepth }) => queueDepth?.mean,
    format: formatNumber,
  },
  {
    title: 'Greatest Queue Depth',
    path: 'queueDepth.max',
    value: ({ queueDepth }) => queueDepth?.max,
    format: formatCount,
  },
  { title: 'Copied In', path: 'copyIn.bytes', value: ({ copyIn }) => copyIn?.bytes, format: formatBytes },
  {
    title: 'Time Spent Copying In',
    path: 'copyIn.busyMs',
    value: ({ copyIn }) => copyIn?.busyMs,
    format: formatDuration,
    better: 'lower',
  },
  {
    title: 'Last Row Copied After',
    path: 'copyIn.endedAtMs',
    value: ({ copyIn }) => copyIn?.endedAtMs,
    format: formatDuration,
    better: 'lower',
  },
];

interface TimeCurve {
  readonly name: string;
  readonly title: string;
  readonly y: CurveData['y'];
  readonly shape: CurveData['shape'];
  readonly note: string;
  readonly points: (report: IndexingPerformanceReportData) => readonly CurvePoint[];
  /** Why a run has no points. */
  readonly without: (report: IndexingPerformanceReportData) => string;
}

const CURVES: readonly TimeCurve[] = [
  {
    name: 'throughput',
    title: 'Throughput over Time',
    y: 'rate',
    shape: 'steps',
    note: 'Vectors per second. A low start is start-up or copying in; a low end is threads that ran out of work.',
    points: (report) =>
      throughputSpans(report).map(({ fromMs, vectorsPerSecond }) => ({ x: fromMs, y: vectorsPerSecond })),
    without: whyNoCurve,
  },
  {
    name: 'progress',
    title: 'Vectors Indexed over Time',
    y: 'count',
    shape: 'lines',
    note: 'A point for each batch that ended. The straighter, the steadier.',
    points: ({ completed, totalTimeMs }) =>
      completed.length === 0 || !(totalTimeMs > 0)
        ? []
        : [{ x: 0, y: 0 }, ...completed.map(({ atMs, vectors }) => ({ x: atMs, y: vectors }))],
    without: whyNoCurve,
  },
  {
    name: 'queue-depth',
    title: 'Queue Depth over Time',
    y: 'count',
    shape: 'steps',
    note: 'Batches that no thread had claimed yet. Once it is 0, threads that finish have nothing left to do.',
    points: ({ queueDepth, totalTimeMs }) =>
      queueDepth && totalTimeMs > 0 && queueDepth.max > 0
        ? queueDepth.samples.map(({ atMs, depth }) => ({ x: atMs, y: depth }))
        : [],
    without: (report) =>
      report.queueDepth ? 'No batch ever waited for a thread.' : 'Not measured: queueDepthMonitoring was off.',
  },
];

export function timeSection(content: PageContent): Markup {
  return html`<section id="over-time">
<h2>The Run over Time</h2>
${CURVES.map((curve) => timeFigure(curve, content))}
${figureTable('Batches, queue and copying', ROWS, content.runs)}
</section>`;
}

function timeFigure({ name, title, y, shape, note, points, without }: TimeCurve, content: PageContent): Markup {
  const { runs, interactive } = content;
  const curves: Curve[] = [];
  const missing: string[] = [];
  for (const { name: runName, position, report } of runs) {
    const found = points(report);
    if (found.length > 0) curves.push({ name: runName, run: position, points: found, to: report.totalTimeMs });
    else missing.push(runs.length > 1 ? `${runName}: ${without(report)}` : without(report));
  }
  if (curves.length === 0) return wordsFigure(name, title, missing.join(' '));
  const to = curves.reduce((most, { run }) => Math.max(most, runs[run]!.report.totalTimeMs), 0);
  const data: CurveData = { name, title, x: 'time', y, from: 0, to, shape, curves, marks: [] };
  return curveChart({ data, note: [note, ...missing].join(' '), interactive });
}

function whyNoCurve({ totalVectors, totalTimeMs, batches }: IndexingPerformanceReportData): string {
  if (totalVectors === 0) return 'No vector was indexed.';
  if (!(totalTimeMs > 0)) return `${countOf(totalVectors, 'vector')} in less time than the clock can tell.`;
  return batches.length === 0 ? 'The report holds no batches.' : 'The report holds no samples over time.';
}
