/**
 * `simdex merge`: puts the parts together that `simdex index --rows` has made, to the file that one run would have written.
 */
import type { Command } from 'commander';
import { countOf, formatCount, formatDuration } from '../reporting/format.js';
import { colorsFor } from './colors.js';
import { printable } from './error-text.js';
import { collect, givenOnce, parseThreads, precisionOption } from './flag-values.js';
import { type MergeSettings, type MergeSummary, mergeParts } from './merge-parts.js';
import { startProgress } from './progress.js';

/** The flags of the command, as commander gives them. */
interface MergeFlags extends MergeSettings {
  readonly json?: true;
}

export function addMergeCommand(program: Command, interrupted: AbortSignal): void {
  program
    .command('merge')
    .summary('put parts together that were indexed with --rows')
    .description(
      'Put the parts together that simdex index --rows made of an input. They may be given in any order. The output is the same, byte for byte, as that of a single run. It appears when it is complete, or not at all. Missing rows, rows that occur twice and parts of another input are refused.',
    )
    .argument('<file...>', 'the parts; each has its .part.json beside it')
    .requiredOption('--out <file>', 'write all rows to this file, in the format of the parts', givenOnce)
    .option('--graph', 'build a graph of the rows and save it with them (.safetensors); needs memory for all rows')
    .addOption(precisionOption())
    .option('--rejected <file>', 'write index, id and code of every rejected row, as CSV', givenOnce)
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
  const summary = await mergeParts(files, flags, interrupted, (count) =>
    startProgress(count, countOf(1, 'thread'), quiet === true),
  );
  if (json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  else if (!quiet) process.stdout.write(summaryText(summary));
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
