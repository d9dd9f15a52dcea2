/**
 * Reports as a page, one or several beside each other; with a script in it, or without.
 */
import { code, sha256, style } from 'page:script';
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';
import { graphSection } from './html/graph-section.js';
import { INTERACTIVE_STYLE } from './html/interactive-style.js';
import { reportPage } from './html/page.js';
import { PAGE_HEADING, PAGE_TITLE } from './html.js';
import { reportFromJson, reportToJson } from './json.js';
import type { IndexingPerformanceReportData } from './report-data.js';

/** How reports are drawn. */
export interface RenderOptions {
  /** Puts a script into the page: charts to zoom into, tables to sort. Default: false. */
  readonly interactive?: boolean;
  /** What the runs are called, one name for each report; default: `Run 1`, `Run 2`, ... Not shown for a single report. */
  readonly names?: readonly string[];
  /** Title and heading of the page, instead of its own. */
  readonly title?: string;
}

const OPTIONS = new Set(['interactive', 'names', 'title']);

/**
 * One self-contained page: a whole HTML document that asks for nothing from elsewhere and reads without scripts. Several
 * reports are set side by side, with the change of each figure from the first report, and their curves in one chart.
 *
 * Its policy (a `Content-Security-Policy` in the page) lets no script run but its own, by its hash.
 *
 * @param reports a report, or several; also what `JSON.parse` made of their JSON
 * @throws IndexingError `InvalidConfiguration` for no report, for one that is none, and for options that do not fit.
 *
 * @example
 * ```js
 * import { MonitoredParallelIndexer } from 'simdex';
 * import { renderReport } from 'simdex/report';
 *
 * const indexer = new MonitoredParallelIndexer();
 * const run = async () => (await indexer.indexVectorsMonitored([[3, 4], [1, 2]])).performanceReport;
 * const page = renderReport([await run(), await run()], { names: ['before', 'after'] });
 * console.log(page.includes('before')); // true
 * await indexer.dispose();
 * ```
 */
export function renderReport(
  reports: IndexingPerformanceReportData | readonly IndexingPerformanceReportData[],
  options: RenderOptions = {},
): string {
  const list = isList(reports) ? reports : [reports];
  const { interactive = false, names = list.map((_, i) => `Run ${i + 1}`), title } = checkOptions(options, list.length);
  if (list.length === 0) throw invalidConfiguration('reports', 'a report or an array of at least one', reports);
  const runs = list.map((report, position) => ({
    name: names[position]!,
    position,
    // What comes as parsed JSON is held to the same rules as what is read by `fromJSON`.
    report: reportFromJson(reportToJson(report)),
  }));
  const frame = { title: title ?? PAGE_TITLE, heading: title ?? PAGE_HEADING, moreSections: [graphSection] };
  if (!interactive) return reportPage({ runs, interactive }, frame);
  return reportPage({ runs, interactive }, { ...frame, script: { style: style + INTERACTIVE_STYLE, code, sha256 } });
}

function isList(
  reports: IndexingPerformanceReportData | readonly IndexingPerformanceReportData[],
): reports is readonly IndexingPerformanceReportData[] {
  return Array.isArray(reports);
}

function checkOptions(options: RenderOptions, count: number): RenderOptions {
  refuseUnknown('options', options, OPTIONS);
  const { interactive, names, title } = options;
  if (interactive !== undefined && typeof interactive !== 'boolean') {
    throw invalidConfiguration('interactive', 'true or false', interactive);
  }
  if (title !== undefined && typeof title !== 'string') throw invalidConfiguration('title', 'a string', title);
  if (names !== undefined) {
    const fits = Array.isArray(names) && names.length === count && names.every((name) => typeof name === 'string');
    if (!fits) throw invalidConfiguration('names', `an array of ${count}, one string for each report`, names);
  }
  return options;
}
