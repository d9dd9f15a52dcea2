/**
 * `simdex index`: streams files of vectors through the indexer and writes what was asked for.
 */
import { type Command, Option } from 'commander';
import { availableThreads } from '../engine/lanes/node/available-threads.js';
import { formatsFor, vectorFormats } from '../formats/registry.js';
import { MonitoredParallelIndexer } from '../index.node.js';
import type { Precision } from '../memory/segment-layout.js';
import { countOf } from '../reporting/format.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import { checkFlags } from './check-flags.js';
import { printable } from './error-text.js';
import { collect, givenOnce, parsePositiveInteger, parseRows, parseThreads, precisionOption } from './flag-values.js';
import { indexFiles, streamOf } from './index-files.js';
import { InputFiles, type RowSpan } from './input-files.js';
import { PhaseClock } from './phase-clock.js';
import { startProgress } from './progress.js';
import { addReadOptions, type ReadFlags } from './read-flags.js';
import { summaryText } from './summary.js';
import { checkReadTwice, type PredictedSetting, predictionError, WhatIfTable, whatIfText } from './what-if.js';

/** The flags of the command, as commander gives them. */
interface IndexFlags extends ReadFlags {
  readonly out?: string;
  readonly graph?: true;
  readonly precision?: Precision;
  readonly magnitudes?: string;
  readonly rejected?: string;
  readonly report?: readonly string[];
  readonly order: ComponentOrder;
  readonly onInvalid: 'throw' | 'skip';
  readonly threads: number | 'auto';
  readonly batchSize?: number;
  readonly rows?: RowSpan;
  readonly autoOptimize?: true;
  readonly whatIf?: true;
  readonly verify?: true;
  readonly json?: true;
  readonly quiet?: true;
}

export function addIndexCommand(program: Command, version: string, interrupted: AbortSignal): void {
  const command = program
    .command('index')
    .summary('compute the magnitude (length) and the unit vector of every row')
    .description(
      'Compute the magnitude (length) and the unit vector of every row of the files. Row i of an output is row i of the input. An output appears when it is complete, or not at all.',
    )
    .argument(
      '<file...>',
      `files of vectors (${dotted(vectorFormats)}), taken as one sequence of rows; - is standard input`,
    )
    .option(
      '--out <file>',
      `write the unit vectors; a rejected row is zeros (${dotted(formatsFor({ kind: 'vectors', dims: 1 }))})`,
      givenOnce,
    )
    .option(
      '--graph',
      'build a graph of the rows and save it with them, so that searches take less time (.safetensors); needs memory for all rows',
    )
    .addOption(precisionOption())
    .option('--magnitudes <file>', 'write the magnitude of every row, NaN where rejected (.npy)', givenOnce)
    .option('--rejected <file>', 'write index, id and code of every rejected row, as CSV', givenOnce)
    .option(
      '--report <file>',
      'write the performance report: a page (.html), figures (.csv, .json) or a trace (.trace.json); may be repeated',
      collect,
    )
    .addOption(
      new Option('--order <order>', 'leave components in their order, or sort them ascending')
        .choices(['original', 'sorted'])
        .default('original'),
    )
    .addOption(
      new Option(
        '--on-invalid <action>',
        'what to do with a row of zeros, or with NaN or Infinity: fail, or leave it out',
      )
        .choices(['throw', 'skip'])
        .default('throw'),
    )
    .option('--threads <n>', 'worker threads: 1 to 256, or auto', parseThreads, 'auto')
    .option('--batch-size <n>', 'rows that a thread takes at a time; chosen by default', parsePositiveInteger);
  addReadOptions(command, 'the input files')
    .option(
      '--rows <a..b>',
      'index only rows A to B - 1, counted from 0 over all files; A.. goes to the end. The outputs are then parts for simdex merge, each with a .part.json beside it',
      parseRows,
    )
    .option('--auto-optimize', 'change threads and batch sizes while indexing, where that helps')
    .option('--what-if', 'print how long indexing would have taken with other threads and batch sizes')
    .addOption(
      new Option(
        '--verify',
        'index once more with the best of these settings, and print the predicted and the measured time',
      ).implies({
        whatIf: true,
      }),
    )
    .option('--json', 'print the summary as one JSON object')
    .option('--quiet', 'print no progress and, without --json, no summary')
    .showHelpAfterError('(simdex index --help lists the flags)')
    .addHelpText(
      'after',
      `
Examples:
  simdex index vectors.npy --out unit.npy --magnitudes magnitudes.npy
  simdex index vectors.npy --out unit.safetensors --graph
  simdex index vectors.npy --out unit.safetensors --precision float16
  simdex index a.fvecs b.fvecs --order sorted --report run.html --what-if
  simdex index vectors.npy --rows 0..500000 --out part-0.npy
  simdex index raw.npy --on-invalid skip --rejected rejected.csv --out unit.npy`,
    )
    .action((files: string[], flags: IndexFlags) => runIndex(files, flags, version, interrupted));
}

async function runIndex(
  files: readonly string[],
  flags: IndexFlags,
  version: string,
  interrupted: AbortSignal,
): Promise<void> {
  const clock = new PhaseClock();
  await checkFlags(files, flags);
  if (flags.verify) await checkReadTwice(files);
  const config = { autoOptimization: flags.autoOptimize === true };
  await using indexer = new MonitoredParallelIndexer(flags.threads, config, { logger: warnings });
  const { quiet, json } = flags;
  const whatIf = flags.whatIf && new WhatIfTable(indexer.indexer.threadCount, availableThreads());
  const { summary, report } = await indexFiles(files, flags, {
    version,
    indexer,
    clock,
    signal: interrupted,
    // A report shows what held the run back, so the memory is measured for it.
    measuresMemory: flags.report !== undefined || flags.whatIf === true,
    startProgress: (count) => startProgress(count, countOf(indexer.indexer.threadCount, 'thread'), quiet === true),
    takeReport: (each) => whatIf?.add(each),
  });
  const { best } = whatIf?.summary(null, null) ?? {};
  const verifiedMs = flags.verify && best ? await indexAgain(files, flags, best, interrupted) : null;
  const { vectors: count, dims, order } = summary;
  const canTry = whatIf && best && dims !== null;
  const error = canTry ? await predictionError(report.threadCount, { count, dims, order }) : null;
  const predicted = whatIf?.summary(verifiedMs, error);
  if (json) process.stdout.write(`${JSON.stringify({ ...summary, whatIf: predicted }, null, 2)}\n`);
  else if (!quiet) process.stdout.write(summaryText(summary) + (predicted ? whatIfText(predicted) : ''));
}

/** Messages about what the user did not ask for: threads that died, another kernel than the best. */
const warnings = {
  info: () => undefined,
  warn: (message: string) => void process.stderr.write(`warning: ${printable(message)}\n`),
};

/** Milliseconds of indexing alone with other threads and batches; nothing is written. */
async function indexAgain(
  files: readonly string[],
  flags: IndexFlags,
  { threads, batchSize }: PredictedSetting,
  interrupted: AbortSignal,
): Promise<number> {
  await using indexer = new MonitoredParallelIndexer(threads);
  await using inputs = await InputFiles.open(files, flags);
  await indexer.ready();
  const { order, onInvalid } = flags;
  const options = { order, onInvalid, batchSize: batchSize ?? flags.batchSize, signal: interrupted };
  let totalMs = 0;
  for await (const { totalTimeMs } of streamOf(inputs, indexer, options, new PhaseClock())) totalMs += totalTimeMs;
  return totalMs;
}

function dotted(names: readonly string[]): string {
  return names.map((name) => `.${name}`).join(', ');
}
