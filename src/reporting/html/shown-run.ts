/**
 * The runs on a page. A page of one run does not name it. A page of several compares each with the first.
 */
import type { IndexingPerformanceReportData } from '../report-data.js';

export interface ShownRun {
  /** Comes from outside. */
  readonly name: string;
  /** Place on the page; it sets the colour and dashes of the run's curves. */
  readonly position: number;
  readonly report: IndexingPerformanceReportData;
}

/** What a section is made from: at least one run. */
export interface PageContent {
  readonly runs: readonly ShownRun[];
  /** Whether the page has a script, so that charts carry their data. */
  readonly interactive: boolean;
}

/** Colours and dashes there are; a page of more runs begins again with the first. */
export const STYLES = 8;

export function runClass(position: number): string {
  return `run-${position % STYLES}`;
}
