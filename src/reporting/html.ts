/**
 * One report as a page, without scripts.
 */
import { reportPage, type Section } from './html/page.js';
import type { IndexingPerformanceReportData } from './report-data.js';

export const PAGE_TITLE = 'Indexing Performance Report';
export const PAGE_HEADING = 'Parallel Indexing Performance Report';

/** Sections that this program loaded beside those that every page has. */
const moreSections: Section[] = [];

/** Has the pages of all reports show this section, too; for graph-report.ts. */
export function addSection(section: Section): void {
  moreSections.push(section);
}

/** A whole HTML document; nothing in it comes from elsewhere. */
export function reportToHtml(report: IndexingPerformanceReportData): string {
  const runs = [{ name: 'Run', position: 0, report }];
  return reportPage({ runs, interactive: false }, { title: PAGE_TITLE, heading: PAGE_HEADING, moreSections });
}
