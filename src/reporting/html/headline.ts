/**
 * What a reader sees first: where the run ran, its score, and what to change.
 */
import { countOf, formatCount, formatDuration, formatRate } from '../format.js';
import { deductionText, performanceScore, scoreDeductions } from '../score.js';
import { figureText } from './figures.js';
import { html, type Markup, noMarkup } from './markup.js';
import { type PageContent, runClass, type ShownRun } from './shown-run.js';

export function headline({ runs }: PageContent): Markup {
  return html`<div class="headlines">${runs.map((run) => runHeadline(run, runs.length > 1))}</div>`;
}

function runHeadline(run: ShownRun, named: boolean): Markup {
  const { report } = run;
  const score = performanceScore(report);
  // What cost most comes first here; the list below keeps its own order.
  const first = report.bottlenecks[0]?.recommendation ?? report.recommendations[0];
  const others = report.recommendations.length - 1;
  return html`<div class="headline ${runClass(run.position)}">
<div class="score ${grade(score)}"><b>${figureText(run, { path: 'score', value: score, format: formatCount })}</b><span>of 100</span></div>
<div>
${named ? html`<p class="run-name"><span class="${runClass(run.position)}"></span>${run.name}</p>` : noMarkup}
<p><b>${figureText(run, { path: 'vectorsPerSecond', value: report.vectorsPerSecond, format: formatRate })}</b>:
${figureText(run, { path: 'totalVectors', value: report.totalVectors, format: (count) => countOf(count, 'vector') })} in
${figureText(run, { path: 'totalTimeMs', value: report.totalTimeMs, format: formatDuration })} on
${figureText(run, { path: 'threadCount', value: report.threadCount, format: (count) => countOf(count, 'thread') })}${rejectedText(run)}.</p>
<p class="facts">${kernelText(report.backend)}</p>
${deductionsOf(run)}
${first === undefined ? noMarkup : html`<p class="advice">${first}${others > 0 ? html` <a href="#recommendations">${countOf(others, 'more recommendation')}</a>` : noMarkup}</p>`}
</div>
</div>`;
}

function deductionsOf({ report }: ShownRun): Markup {
  const deductions = scoreDeductions(report).map(deductionText);
  return deductions.length === 0 ? noMarkup : html`<p class="deductions">Score: ${deductions.join('; ')}</p>`;
}

function rejectedText(run: ShownRun): Markup {
  const { rejectedCount } = run.report;
  if (rejectedCount === 0) return noMarkup;
  return html`; ${figureText(run, { path: 'rejectedCount', value: rejectedCount, format: formatCount })} rejected`;
}

function kernelText({ kernel, shared }: ShownRun['report']['backend']): string {
  const names = { simd: 'WebAssembly SIMD', scalar: 'WebAssembly without SIMD', javascript: 'JavaScript' };
  return `${names[kernel]} kernel, ${shared ? 'memory shared by all threads' : 'memory of the calling thread'}`;
}

function grade(score: number): string {
  return score >= 90 ? 'good' : score >= 70 ? 'fair' : 'poor';
}
