/**
 * What the name of an output says of it. Nothing that writes is loaded for it.
 */
import { basename, extname } from 'node:path';
import type { IndexingPerformanceReport } from '../reporting/report.js';

export type ReportWriter = (report: IndexingPerformanceReport) => string;

/** By the end of the file's name; of two that fit, the longer one. */
const REPORT_WRITERS: Record<string, ReportWriter> = {
  '.html': (report) => report.toHtml(),
  '.csv': (report) => report.toCsv(),
  '.trace.json': (report) => `${report.toTrace()}\n`,
  '.json': (report) => `${JSON.stringify(report, null, 2)}\n`,
};

export const reportEndings: readonly string[] = Object.keys(REPORT_WRITERS);

/** What writes a report of this name; undefined where its end says nothing. */
export function reportWriterFor(path: string): ReportWriter | undefined {
  const name = basename(path).toLowerCase();
  const endings = reportEndings.filter((ending) => name.endsWith(ending) && name.length > ending.length);
  const longest = endings.reduce((a, b) => (b.length > a.length ? b : a), '');
  return REPORT_WRITERS[longest];
}

/** What `VectorIndex` loads, rather than rows alone. */
export function savesIndex(path: string): boolean {
  return extname(path).toLowerCase() === '.safetensors';
}
