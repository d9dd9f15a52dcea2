/**
 * What each thread did: figures, busy time, and its batches one after another.
 */
import { busyStretches, hasAllBatches } from '../curves.js';
import { countOf, formatBytes, formatCount, formatDuration, formatPercent } from '../format.js';
import type { IndexingPerformanceReportData } from '../report-data.js';
import { chartFigure, wordsFigure } from './figure.js';
import { figureCell, figureText, scrollable } from './figures.js';
import { type Lane, laneChartSvg } from './lane-chart.js';
import { html, type Markup, noMarkup } from './markup.js';
import { type PageContent, runClass, type ShownRun } from './shown-run.js';

/** Batches beyond these are joined to stretches where no gap between them could be seen. */
const MOST_BARS = 600;

export function threadSection({ runs }: PageContent): Markup {
  const parts = runs.map((run) => {
    const heading = runs.length > 1 ? html`<h3 class="${runClass(run.position)}">${run.name}</h3>` : noMarkup;
    return html`${heading}\n${threadTable(run)}\n${workFigure(run)}${timelineFigure(run)}`;
  });
  return html`<section id="threads">
<h2>Thread Performance</h2>
${parts}</section>`;
}

function threadTable(run: ShownRun): Markup {
  const { threadPerformance } = run.report;
  if (threadPerformance.length === 0) {
    return html`<p class="words">No figures of single threads: enablePerThreadMonitoring was off.</p>`;
  }
  const rows = threadPerformance.map(({ threadId, operationsCompleted, averageTimeMs, minTimeMs, maxTimeMs }, i) => {
    const cell = (field: string, value: number, format: (value: number) => string) =>
      figureCell(run, { path: `threadPerformance.${i}.${field}`, value, format });
    return html`<tr><th scope="row" data-value="${threadId}">${formatCount(threadId)}</th>${[
      cell('operationsCompleted', operationsCompleted, formatCount),
      cell('averageTimeMs', averageTimeMs, formatDuration),
      cell('minTimeMs', minTimeMs, formatDuration),
      cell('maxTimeMs', maxTimeMs, formatDuration),
    ]}</tr>\n`;
  });
  const titles = ['Thread ID', 'Operations', 'Avg Time', 'Min Time', 'Max Time'];
  const caption = 'Vectors of each thread and the time of one vector';
  return scrollable(
    caption,
    html`<table class="sortable"><caption>${caption}</caption><thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table>`,
  );
}

const WORK_TITLE = 'Work per Thread';
const TIMELINE_TITLE = 'Batches per Thread over Time';

function workFigure(run: ShownRun): Markup {
  const { threadTimesMs, totalTimeMs } = run.report;
  const name = `work-${run.position}`;
  if (!(totalTimeMs > 0) || !threadTimesMs.some((busyMs) => busyMs > 0)) {
    return wordsFigure(name, WORK_TITLE, whyNoTime(run.report));
  }
  const lanes = threadTimesMs.map((busyMs, threadId) => ({
    name: String(threadId),
    text: workText(run, threadId),
    className: 'work',
    bars: busyMs > 0 ? [{ fromMs: 0, toMs: busyMs, title: `Thread ${threadId}: busy ${formatDuration(busyMs)}` }] : [],
  }));
  const total = formatDuration(totalTimeMs);
  const label = `${WORK_TITLE}: busy time of ${countOf(threadTimesMs.length, 'thread')} within ${total}`;
  return chartFigure({
    name,
    title: WORK_TITLE,
    note: `Time spent on batches, within the ${total} of the run. Bars of unequal length mean unequal work; all bars short mean waiting.`,
    body: laneChartSvg({ name: 'work', label, totalTimeMs, lanes }),
  });
}

function workText(run: ShownRun, threadId: number): Markup {
  const { threadTimesMs, threadUtilization, threadPerformance } = run.report;
  const text = (path: string, value: number, format: (value: number) => string) =>
    figureText(run, { path, value, format }, 'tspan');
  const operations = threadPerformance[threadId]?.operationsCompleted;
  const utilization = threadUtilization?.[threadId];
  return html`Thread ${threadId}: busy ${text(`threadTimesMs.${threadId}`, threadTimesMs[threadId]!, formatDuration)}${
    utilization === undefined
      ? noMarkup
      : html`, ${text(`threadUtilization.${threadId}`, utilization, formatPercent)} of the run`
  }${
    operations === undefined
      ? noMarkup
      : html`, ${text(`threadPerformance.${threadId}.operationsCompleted`, operations, (count) => countOf(count, 'vector'))}`
  }`;
}

function timelineFigure(run: ShownRun): Markup {
  const { report } = run;
  const name = `timeline-${run.position}`;
  if (!(report.totalTimeMs > 0) || report.batches.length === 0) {
    return wordsFigure(name, TIMELINE_TITLE, whyNoTime(report));
  }
  if (!hasAllBatches(report)) {
    const kept = countOf(report.batches.length, 'batch', 'batches');
    return wordsFigure(
      name,
      TIMELINE_TITLE,
      `A stream of many chunks: of some of them, chosen evenly, the report keeps ${kept}, which would make a picture full of gaps that were none. The trace of this report shows them.`,
    );
  }
  const lanes = [...copyLane(report), ...threadLanes(report)];
  const label = `${TIMELINE_TITLE}: ${countOf(report.batches.length, 'batch', 'batches')} on ${countOf(report.threadCount, 'thread')} within ${formatDuration(report.totalTimeMs)}`;
  return chartFigure({
    name,
    title: TIMELINE_TITLE,
    note: 'Each bar is a batch; where there are too many to see, batches without a gap between them are one bar. Gaps are waiting.',
    body: laneChartSvg({ name: 'timeline', label, totalTimeMs: report.totalTimeMs, lanes }),
  });
}

function copyLane({ copyIn }: IndexingPerformanceReportData): Lane[] {
  if (!copyIn) return [];
  const text = `Calling thread: copying in ${formatBytes(copyIn.bytes)}, busy ${formatDuration(copyIn.busyMs)}`;
  const bars = [{ fromMs: 0, toMs: copyIn.endedAtMs, title: text }];
  return [{ name: 'copy', text: html`${text}`, className: 'copy', bars }];
}

function threadLanes({ batches, totalTimeMs, threadCount }: IndexingPerformanceReportData): Lane[] {
  // Many threads have thin lanes on long pages; the coarser their stretches, the smaller the page.
  const gapMs = batches.length <= MOST_BARS ? undefined : (totalTimeMs / MOST_BARS) * Math.max(1, threadCount / 8);
  const stretches = busyStretches(batches, gapMs);
  return Array.from({ length: threadCount }, (_, threadId) => {
    const own = stretches.filter((stretch) => stretch.threadId === threadId);
    const count = own.reduce((sum, stretch) => sum + stretch.batches, 0);
    return {
      name: String(threadId),
      text: html`Thread ${threadId}: ${countOf(count, 'batch', 'batches')}`,
      className: 'batches',
      bars: own.map(({ fromMs, toMs, batches, vectors }) => ({
        fromMs,
        toMs,
        title: `${countOf(batches, 'batch', 'batches')}, ${countOf(vectors, 'vector')}: ${formatDuration(toMs - fromMs)} from ${formatDuration(fromMs)} on`,
      })),
    };
  });
}

function whyNoTime({ totalVectors }: IndexingPerformanceReportData): string {
  return totalVectors === 0 ? 'No vector was indexed.' : 'It took less time than the clock can tell.';
}
