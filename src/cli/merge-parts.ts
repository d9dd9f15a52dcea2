/**
 * One merge of parts: what `simdex merge` does, and a worker of many machines when all shards are done. Every output appears whole, or not
 * at all.
 */
import { oneAhead } from '../base/one-ahead.js';
import { IndexingPerformanceReport } from '../index.node.js';
import type { Precision } from '../memory/segment-layout.js';
import { manifestPathOf } from '../parts/part-manifest.js';
import type { GraphFigures, RunSubject } from '../reporting/report-data.js';
import { buildGraph } from './build-graph.js';
import { checkDistinct, checkOutputFlags, outputsOf } from './check-flags.js';
import { UsageError } from './exit.js';
import { type OutputFlags, Outputs } from './outputs.js';
import { haveSameFormat, PartFiles } from './part-files.js';
import type { Progress } from './progress.js';

export interface MergeSettings {
  readonly out: string;
  readonly rejected?: string;
  readonly report?: readonly string[];
  readonly graph?: true;
  readonly precision?: Precision;
  /** Threads that build the graph. */
  readonly threads: number | 'auto';
  readonly quiet?: true;
}

export interface MergeSummary {
  readonly parts: number;
  readonly vectors: number;
  /** Components of each row; null where rows differ. */
  readonly dims: number | null;
  readonly indexed: number;
  readonly rejected: number;
  /** Time of all parts together, in milliseconds. */
  readonly totalTimeMs: number;
  readonly graph: GraphFigures | undefined;
  readonly written: readonly string[];
}

/** Merges parts. Rejects with `signal.reason` when it is interrupted. */
export async function mergeParts(
  files: readonly string[],
  settings: MergeSettings,
  signal: AbortSignal,
  startProgress: (count: number) => Progress,
): Promise<MergeSummary> {
  await checkMergeFlags(files, settings);
  const parts = await PartFiles.open(files);
  const { order } = parts.first.options;
  const isColumn = parts.first.output.kind === 'magnitudes';
  if (isColumn && settings.graph) throw new UsageError('--graph: these parts hold magnitudes, no vectors');
  const outputFlags: OutputFlags = {
    ...(isColumn ? { magnitudes: settings.out } : { out: settings.out }),
    ...(settings.rejected !== undefined && { rejected: settings.rejected }),
    ...(settings.report && { report: settings.report }),
    ...(settings.graph && { graph: true }),
    ...(settings.precision && { precision: settings.precision }),
    order,
  };
  checkOutputFlags(outputFlags);
  const { count, dims } = parts;
  const coming = { dims, count, firstRow: 0, nameOf: (row: number) => parts.nameOf(row) };
  await using outputs = await Outputs.create(outputFlags, coming);
  const progress = startProgress(count);
  try {
    // The next rows are read while these are written.
    for await (const rows of oneAhead(parts.rows())) {
      signal.throwIfAborted();
      await outputs.append(rows);
      progress.advance(rows.count, count);
    }
  } finally {
    progress.stop();
  }
  signal.throwIfAborted();
  const graph = await buildGraph(outputs, settings, signal);
  const report = new IndexingPerformanceReport({ ...parts.statistics.report(subjectOf(parts))!, graph });
  await outputs.finish(report);
  return {
    parts: parts.parts.length,
    vectors: count,
    dims: typeof dims === 'number' ? dims : null,
    indexed: report.totalVectors,
    rejected: report.rejectedCount,
    totalTimeMs: report.totalTimeMs,
    graph,
    written: outputs.paths,
  };
}

/** @throws {UsageError} naming the flag */
async function checkMergeFlags(
  files: readonly string[],
  { out, rejected, report, graph }: MergeSettings,
): Promise<void> {
  const flags: OutputFlags = {
    out,
    order: 'original',
    ...(rejected !== undefined && { rejected }),
    ...(report && { report }),
    ...(graph && { graph }),
  };
  checkOutputFlags(flags);
  const trace = report?.find((path) => path.toLowerCase().endsWith('.trace.json'));
  if (trace !== undefined)
    throw new UsageError(`--report ${trace}: a trace is of one run; write it with simdex index where the part is made`);
  for (const file of files) {
    if (file === '') throw new UsageError('the name of a part is empty');
    if (!haveSameFormat(file, out))
      throw new UsageError(
        `--out ${out}: expected a name that ends as the part ${file} does; a merge changes no format`,
      );
  }
  await checkDistinct([...files, ...files.map(manifestPathOf)], outputsOf(flags));
}

/** The subject of the merged file. The machine and its cores are named only where all parts agree. */
function subjectOf({ parts, count, dims, first }: PartFiles): RunSubject {
  const subjects = parts.map(({ manifest: { subject } }) => subject);
  const common = <T>(of: (subject: RunSubject) => T): T | undefined => {
    const value = of(first.subject);
    return subjects.every((subject) => of(subject) === value) ? value : undefined;
  };
  return {
    ...first.subject,
    rows: count,
    dims: typeof dims === 'number' ? dims : undefined,
    machine: common(({ machine }) => machine),
    cores: common(({ cores }) => cores),
    date: subjects.map(({ date }) => date).reduce((a, b) => (b < a ? b : a)),
  };
}
