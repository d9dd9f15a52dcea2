/**
 * `simdex index`: streams files of vectors through the indexer and writes what was asked for.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { IndexingError } from '../errors.js';
import { type VectorFormat, vectorFormats } from '../formats/registry.js';
import { MonitoredParallelIndexer } from '../index.node.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import { UsageError } from './exit.js';
import { InputFiles } from './input-files.js';
import { Outputs } from './outputs.js';
import { startProgress } from './progress.js';
import { summarize, summaryText } from './summary.js';

/** The flags of the command, as commander gives them. */
interface IndexFlags {
  readonly out?: string;
  readonly magnitudes?: string;
  readonly rejected?: string;
  readonly report: readonly string[];
  readonly order: ComponentOrder;
  readonly onInvalid: 'throw' | 'skip';
  readonly threads: number | 'auto';
  readonly batchSize?: number;
  readonly format?: VectorFormat;
  readonly dims?: number;
  readonly json?: true;
  readonly quiet?: true;
}

export function addIndexCommand(program: Command, interrupted: AbortSignal): void {
  program
    .command('index')
    .description('Compute magnitude and unit vector of every row of the files')
    .argument('<file...>', 'files of vectors (.npy, .fvecs), taken as one sequence of rows')
    .option('--out <file>', 'write the indexed rows; a rejected row is zeros (.npy, .fvecs)')
    .option('--magnitudes <file>', 'write the magnitude of every row, NaN where rejected (.npy)')
    .option('--rejected <file>', 'write index, id and code of every rejected row (CSV)')
    .option('--report <file>', 'write the performance report (.csv, .json); may be repeated', collect, [])
    .addOption(
      new Option('--order <order>', 'order of the components').choices(['original', 'sorted']).default('original'),
    )
    .addOption(
      new Option('--on-invalid <action>', 'what a row that cannot be indexed does: fail the run, or be left out')
        .choices(['throw', 'skip'])
        .default('throw'),
    )
    .option('--threads <n>', "worker threads, 1 to 256 or 'auto'", parseThreads, 'auto')
    .option('--batch-size <n>', 'rows of a batch; chosen by default', parsePositiveInteger)
    .addOption(
      new Option('--format <name>', 'format of the files, where the extension does not say it').choices(vectorFormats),
    )
    .option('--dims <n>', 'components of a row, for formats that do not say it', parsePositiveInteger)
    .option('--json', 'print the summary as one JSON object')
    .option('--quiet', 'print neither progress nor summary')
    .addHelpText(
      'after',
      `
Examples:
  simdex index vectors.npy --out unit.npy --magnitudes magnitudes.npy
  simdex index a.fvecs b.fvecs --order sorted --report run.csv --report run.json
  simdex index raw.npy --on-invalid skip --rejected rejected.csv --out unit.npy`,
    )
    .action((files: string[], flags: IndexFlags) => runIndex(files, flags, interrupted));
}

async function runIndex(files: readonly string[], flags: IndexFlags, interrupted: AbortSignal): Promise<void> {
  await using indexer = createIndexer(flags);
  await using inputs = await InputFiles.open(files, flags);
  await using outputs = await Outputs.create(flags, inputs);
  const { order, onInvalid, batchSize, quiet, json } = flags;
  const stream = indexer.indexStream(inputs.chunks(), { order, onInvalid, batchSize, signal: interrupted });
  const progress = startProgress(inputs.count, indexer.indexer.threadCount, quiet === true);
  try {
    for await (const result of stream) {
      await outputs.write(result);
      progress.advance(result.vectors.length);
    }
  } catch (error) {
    throw inputs.locate(error);
  } finally {
    progress.stop();
  }
  interrupted.throwIfAborted();
  const report = stream.performanceReport;
  await outputs.finish(report);
  const summary = summarize(inputs, report, order, outputs.paths);
  if (json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  else if (!quiet) process.stdout.write(summaryText(summary));
}

/** A thread count that is none is wrong usage, as any other flag. */
function createIndexer({ threads }: IndexFlags): MonitoredParallelIndexer {
  try {
    return new MonitoredParallelIndexer(threads);
  } catch (error) {
    if (error instanceof IndexingError) throw new UsageError(`--threads: ${error.message}`);
    throw error;
  }
}

function collect(path: string, paths: readonly string[]): string[] {
  return [...paths, path];
}

/** Whether the number is in range, the indexer says. */
function parseThreads(text: string): number | 'auto' {
  return text === 'auto' ? 'auto' : Number(text);
}

function parsePositiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a positive integer.');
  return value;
}
