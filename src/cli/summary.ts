/**
 * The summary of a finished `simdex index` on standard output, for people and as JSON.
 */
import { describeMachine } from '../../bench/suite/node/machine.js';
import { publicNameOf } from '../formats/node/http-source.js';
import {
  countOf,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatQueryRate,
  formatRate,
} from '../reporting/format.js';
import type { IndexingPerformanceReport } from '../reporting/report.js';
import type { GraphFigures, Optimization, RunSubject } from '../reporting/report-data.js';
import { deductionText, type ScoreDeduction } from '../reporting/score.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import { colorsFor } from './colors.js';
import { printable } from './error-text.js';
import type { InputFiles } from './input-files.js';

export interface IndexSummary {
  readonly files: readonly string[];
  /** Rows read. */
  readonly vectors: number;
  /** Components of a row; null where the files differ. */
  readonly dims: number | null;
  readonly indexed: number;
  readonly rejected: number;
  readonly order: ComponentOrder;
  readonly totalTimeMs: number;
  readonly vectorsPerSecond: number;
  /** Bytes of the files per second. */
  readonly bytesPerSecond: number;
  readonly threads: number;
  readonly kernel: string;
  readonly threadEfficiency: number;
  readonly batchSize: number;
  readonly score: number;
  /** Losses that lowered the score. */
  readonly scoreDeductions: readonly ScoreDeduction[];
  readonly recommendations: readonly string[];
  /** What --auto-optimize changed; absent without it. */
  readonly optimizations: readonly Optimization[] | undefined;
  /** The graph that was built; absent without --graph. */
  readonly graph: GraphFigures | undefined;
  /** Files written. */
  readonly written: readonly string[];
}

/** Files named in one line; more are counted. */
const MOST_NAMES = 3;

export function summarize(
  inputs: InputFiles,
  report: IndexingPerformanceReport,
  order: ComponentOrder,
  written: readonly string[],
): IndexSummary {
  return {
    files: inputs.files.map(({ header }) => header.file),
    vectors: inputs.rowsRead,
    dims: typeof inputs.dims === 'number' ? inputs.dims : null,
    indexed: report.totalVectors,
    rejected: report.rejectedCount,
    order,
    totalTimeMs: report.totalTimeMs,
    vectorsPerSecond: report.vectorsPerSecond,
    bytesPerSecond: report.totalTimeMs > 0 ? (1000 * inputs.byteLength) / report.totalTimeMs : 0,
    threads: report.threadCount,
    kernel: report.backend.kernel,
    threadEfficiency: report.threadEfficiency,
    batchSize: report.batchSize,
    score: report.calculatePerformanceScore(),
    scoreDeductions: report.scoreDeductions(),
    recommendations: report.recommendations,
    optimizations: report.optimizations,
    graph: report.graph,
    written,
  };
}

export function summaryText(summary: IndexSummary): string {
  const { dims, files, indexed, rejected, order, threads, kernel, threadEfficiency } = summary;
  const of = dims === null ? '' : ` of ${dims.toLocaleString('en')} components`;
  const rows: [string, string][] = [
    ['time', formatDuration(summary.totalTimeMs)],
    ['throughput', `${formatRate(summary.vectorsPerSecond)}, ${formatNumber(summary.bytesPerSecond / 1e6)} MB/s`],
    ['threads', `${threads} (${kernel} kernel), efficiency ${formatPercent(threadEfficiency)}`],
    ['rejected', formatCount(rejected)],
    ...graphRows(summary.graph),
    ['score', `${summary.score} of 100`],
    ...summary.scoreDeductions.map((deduction): [string, string] => ['', deductionText(deduction)]),
  ];
  const lines = [
    colorsFor(process.stdout).bold(
      `Indexed ${countOf(indexed, 'vector')}${of}, ${order} order, from ${printable(namesOf(files))}`,
    ),
    ...rows.map(([name, value]) => `  ${name.padEnd(12)}${value}`),
    ...(summary.optimizations ?? []).map((change) => `  ${describeChange(change)}`),
    ...summary.recommendations.map((recommendation) => `  - ${recommendation}`),
    ...summary.written.map((path) => `Wrote ${printable(path)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Recall that a search through a graph has by default. */
const USUAL_RECALL = 0.95;

function graphRows(graph: GraphFigures | undefined): [string, string][] {
  if (!graph) return [];
  const { k, curve, exactQueriesPerSecond } = graph;
  const point = curve.find(({ recall }) => recall >= USUAL_RECALL);
  const found = point
    ? `, ${formatPercent(point.recall)} of the ${k} best at ${formatQueryRate(point.queriesPerSecond)}`
    : '';
  const exact = exactQueriesPerSecond > 0 ? `, all at ${formatQueryRate(exactQueriesPerSecond)}` : '';
  return [['graph', `built in ${formatDuration(graph.buildMs)}${found}${exact}`]];
}

/** `tuned       8 → 2 threads, 1.24 times as fast, kept` */
function describeChange({ action, before, after, effect, outcome }: Optimization): string {
  const unit = action === 'threads' ? 'threads' : 'vectors in a batch';
  const what = `${formatCount(before)} → ${after === undefined ? 'chosen' : formatCount(after)} ${unit}`;
  return `${'tuned'.padEnd(12)}${what}, ${effect === undefined ? '' : `${formatNumber(effect)} times as fast, `}${outcome}`;
}

/** What a report of these files is about. */
export function describeInput(inputs: InputFiles, order: ComponentOrder, version: string, date: string): RunSubject {
  const { cpu, cores, platform } = describeMachine();
  const { node, v8 } = process.versions;
  return {
    input: namesOf(inputs.files.map(({ path }) => publicNameOf(path))),
    rows: inputs.rowsRead,
    dims: typeof inputs.dims === 'number' ? inputs.dims : undefined,
    order,
    machine: `${cpu}, ${platform}`,
    cores,
    versions: { simdex: version, Node: node, V8: v8 },
    date,
  };
}

function namesOf(files: readonly string[]): string {
  return files.length <= MOST_NAMES ? files.join(', ') : `${files.length} files`;
}
