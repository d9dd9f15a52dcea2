/**
 * `simdex merge`: puts the parts together that `simdex index --rows` has made, to the file that one run would have written.
 */
import type { Command } from 'commander';
import { IndexingPerformanceReport } from '../index.node.js';
import type { Precision } from '../memory/segment-layout.js';
import { manifestPathOf } from '../parts/part-manifest.js';
import { countOf, formatCount, formatDuration } from '../reporting/format.js';
import type { GraphFigures, RunSubject } from '../reporting/report-data.js';
import { buildGraph } from './build-graph.js';
import { checkDistinct, checkOutputFlags, outputsOf } from './check-flags.js';
import { colorsFor } from './colors.js';
import { printable } from './error-text.js';
import { UsageError } from './exit.js';
import { collect, once, parseThreads, precisionOption } from './flag-values.js';
import { type OutputFlags, Outputs } from './outputs.js';
import { haveSameFormat, PartFiles } from './part-files.js';
import { startProgress } from './progress.js';

/** The flags of the command, as commander gives them. */
interface MergeFlags {
  readonly out: string;
  readonly rejected?: string;
  readonly report?: readonly string[];
  readonly graph?: true;
  readonly precision?: Precision;
  readonly threads: number | 'auto';
  readonly json?: true;
  readonly quiet?: true;
}

interface MergeSummary {
  readonly parts: number;
  readonly vectors: number;
  /** null where rows differ. */
  readonly dims: number | null;
  readonly indexed: number;
  readonly rejected: number;
  /** Of all parts together. */
  readonly totalTimeMs: number;
  readonly graph: GraphFigures | undefined;
  readonly written: readonly string[];
}

export function addMergeCommand(program: Command, interrupted: AbortSignal): void {
  program
    .command('merge')
    .summary('put parts together that were indexed with --rows')
    .description(
      'Put the parts together that simdex index --rows made of an input. They may be given in any order. The output is the same, byte for byte, as that of a single run. It appears when it is complete, or not at all. Missing rows, rows that occur twice and parts of another input are refused.',
    )
    .argument('<file...>', 'the parts; each has its .part.json beside it')
    .requiredOption('--out <file>', 'write all rows to this file, in the format of the parts', once)
    .option('--graph', 'build a graph of the rows and save it with them (.safetensors); needs memory for all rows')
    .addOption(precisionOption())
    .option('--rejected <file>', 'write index, id and code of every rejected row, as CSV', once)
    .option(
      '--report <file>',
      'write the report of all parts together: a page (.html) or figures (.csv, .json); may be repeated',
      collect,
    )
    .option('--threads <n>', 'worker threads for --graph: 1 to 256, or auto', parseThreads, 'auto')
    .option('--json', 'print the summary as one JSON object')
    .option('--quiet', 'print no progress and, without --json, no summary')
    .showHelpAfterError('(simdex merge --help lists the flags)')
    .addHelpText(
      'after',
      `
Examples:
  simdex merge part-*.npy --out unit.npy
  simdex merge p-*.safetensors --out unit.safetensors --graph --report run.html`,
    )
    .action((files: string[], flags: MergeFlags) => runMerge(files, flags, interrupted));
}

async function runMerge(files: readonly string[], flags: MergeFlags, interrupted: AbortSignal): Promise<void> {
  const { quiet, json } = flags;
  await checkMergeFlags(files, flags);
  const parts = await PartFiles.open(files);
  const { order } = parts.first.options;
  const isColumn = parts.first.output.kind === 'magnitudes';
  if (isColumn && flags.graph) throw new UsageError('--graph: these parts hold magnitudes, no vectors');
  const outputFlags: OutputFlags = {
    ...(isColumn ? { magnitudes: flags.out } : { out: flags.out }),
    ...(flags.rejected !== undefined && { rejected: flags.rejected }),
    ...(flags.report && { report: flags.report }),
    ...(flags.graph && { graph: true }),
    ...(flags.precision && { precision: flags.precision }),
    order,
  };
  checkOutputFlags(outputFlags);
  const { count, dims } = parts;
  const coming = { dims, count, firstRow: 0, nameOf: (row: number) => parts.nameOf(row) };
  await using outputs = await Outputs.create(outputFlags, coming);
  const progress = startProgress(count, countOf(1, 'thread'), quiet === true);
  try {
    for await (const rows of parts.rows()) {
      interrupted.throwIfAborted();
      await outputs.append(rows);
      progress.advance(rows.count, count);
    }
  } finally {
    progress.stop();
  }
  interrupted.throwIfAborted();
  const graph = await buildGraph(outputs, flags, interrupted);
  const report = new IndexingPerformanceReport({ ...parts.statistics.report(subjectOf(parts))!, graph });
  await outputs.finish(report);
  const summary: MergeSummary = {
    parts: parts.parts.length,
    vectors: count,
    dims: typeof dims === 'number' ? dims : null,
    indexed: report.totalVectors,
    rejected: report.rejectedCount,
    totalTimeMs: report.totalTimeMs,
    graph,
    written: outputs.paths,
  };
  if (json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  else if (!quiet) process.stdout.write(summaryText(summary));
}

/** @throws {UsageError} naming the flag */
async function checkMergeFlags(files: readonly string[], { out, rejected, report, graph }: MergeFlags): Promise<void> {
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

/** What is the same of all parts is said of the whole. */
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

function summaryText({ parts, vectors, dims, indexed, rejected, totalTimeMs, graph, written }: MergeSummary): string {
  const of = dims === null ? '' : ` of ${dims.toLocaleString('en')} components`;
  const rows: [string, string][] = [
    ['indexed', formatCount(indexed)],
    ['rejected', formatCount(rejected)],
    ['time', `${formatDuration(totalTimeMs)}, all parts together`],
    ...(graph ? [['graph', `built in ${formatDuration(graph.buildMs)}`] as [string, string]] : []),
  ];
  const lines = [
    colorsFor(process.stdout).bold(`Merged ${countOf(vectors, 'row')}${of} from ${countOf(parts, 'part')}`),
    ...rows.map(([name, value]) => `  ${name.padEnd(12)}${value}`),
    ...written.map((path) => `Wrote ${printable(path)}`),
  ];
  return `${lines.join('\n')}\n`;
}
