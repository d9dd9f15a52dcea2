/**
 * Reports whose pages tell of a graph, too. The section and its chart are loaded with this file only. An indexer never builds a graph, so it makes
 * its reports by report.ts, and a page that only indexes does not load them. The entries of the package give the class of this file
 * (`reportsByName` in rollup.config.mjs): whoever knows its name can read the report of a graph.
 */
import { graphSection } from './html/graph-section.js';
import { addSection } from './html.js';
import { IndexingPerformanceReport as Report } from './report.js';

/** The class of report.ts itself. No re-export: bundlers leave out a file that only passes names on, and with it what the file does. */
export const IndexingPerformanceReport = withGraphs();
export type IndexingPerformanceReport = Report;

function withGraphs(): typeof Report {
  addSection(graphSection);
  return Report;
}
