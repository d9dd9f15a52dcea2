/**
 * One report as a page, without scripts.
 */
import { reportPage } from './html/page.js';
import type { IndexingPerformanceReportData } from './report-data.js';

export const PAGE_TITLE = 'Indexing Performance Report';
export const PAGE_HEADING = 'Parallel Indexing Performance Report';

/** A whole HTML document; nothing in it comes from elsewhere. */
export function reportToHtml(report: IndexingPerformanceReportData): string {
  const runs = [{ name: 'Run', position: 0, report }];
  return reportPage({ runs, interactive: false }, { title: PAGE_TITLE, heading: PAGE_HEADING });
}
