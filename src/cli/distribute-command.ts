/**
 * `simdex distribute`: has files indexed by the workers of a queue, and shows how far they are. The run does not need this command while it
 * lasts: the same command finds it again.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { IndexingError } from '../base/errors.js';
import type { Precision } from '../memory/segment-layout.js';
import type { DistributeOptions, DistributeResult } from '../queue/distribute.js';
import { RunMonitor } from '../queue/run-monitor.js';
import type { RunProgress } from '../queue/run-progress.js';
import { countOf, formatCount, formatDuration } from '../reporting/format.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import { checkFlags } from './check-flags.js';
import { colorsFor } from './colors.js';
import { printable } from './error-text.js';
import { orUsageError, UsageError } from './exit.js';
import { collect, givenOnce, parsePositiveInteger, precisionOption } from './flag-values.js';
import { serveMonitorPage } from './monitor-page.js';
import { type Progress, startProgress } from './progress.js';
import { addReadOptions, type ReadFlags, readOptionsOf } from './read-flags.js';

/** The flags of the command, as commander gives them. */
interface DistributeFlags extends ReadFlags {
  readonly redis: string;
  readonly shards?: number;
  readonly out?: string;
  readonly name?: string;
  readonly report?: readonly string[];
  readonly rejected?: string;
  readonly order: ComponentOrder;
  readonly onInvalid: 'throw' | 'skip';
  readonly graph?: true;
  readonly precision?: Precision;
  readonly monitor?: number;
  readonly cancel?: true;
  readonly json?: true;
  readonly quiet?: true;
}

export function addDistributeCommand(program: Command, interrupted: AbortSignal): void {
  const command = program
    .command('distribute')
    .summary('index files by many machines, through a queue')
    .description(
      'Index files by the workers (simdex work) of a queue in Redis, and wait for the merged output. Workers must see the same files: a shared folder, or URLs. Relative paths begin in the --root of each worker. The same command, run again, joins a run that is under way, and does what is missing of one that ended early.',
    )
    .argument('[file...]', 'files of vectors whose headers say how many rows there are, taken as one sequence of rows')
    .requiredOption('--redis <url>', 'where the queue is: redis://HOST:PORT, or rediss:// with TLS', givenOnce)
    .option('--shards <n>', 'pieces that the rows are cut into', parsePositiveInteger)
    .option(
      '--out <file>',
      'write the unit vectors of all shards; they lie in FILE.parts until they are merged',
      givenOnce,
    )
    .option('--name <name>', 'what the run is called; follows from files, options and --out by default', givenOnce)
    .option(
      '--report <file>',
      'write the report of all parts together: a page (.html) or figures (.csv, .json); may be repeated',
      collect,
    )
    .option('--rejected <file>', 'write index, id and code of every rejected row, as CSV', givenOnce)
    .addOption(
      new Option('--order <order>', 'components as they are, or sorted ascending')
        .choices(['original', 'sorted'])
        .default('original'),
    )
    .addOption(
      new Option('--on-invalid <action>', 'for a row of zeros, or with NaN or Infinity: fail, or leave it out')
        .choices(['throw', 'skip'])
        .default('throw'),
    )
    .option('--graph', 'build a graph over the rows at the merge and save it with them (.safetensors)')
    .addOption(precisionOption());
  addReadOptions(command, 'the input files')
    .option('--monitor <port>', 'show the run on http://127.0.0.1:PORT/, and its metrics on /metrics', parsePort)
    .option('--cancel', 'stop the run; parts that are done stay')
    .option('--json', 'print the summary as one JSON object')
    .option('--quiet', 'print no progress and, without --json, no summary')
    .showHelpAfterError('(simdex distribute --help lists the flags)')
    .addHelpText(
      'after',
      `
Examples:
  simdex distribute vectors.npy --redis redis://queue.example:6379 \\
    --shards 24 --out unit.npy
  simdex distribute --redis redis://queue.example:6379 --name nightly --cancel`,
    )
    .action((files: string[], flags: DistributeFlags) =>
      flags.cancel ? runCancel(files, flags) : runDistribute(files, flags, interrupted),
    );
}

async function runDistribute(files: readonly string[], flags: DistributeFlags, signal: AbortSignal): Promise<void> {
  const { out, shards, monitor: port, json, quiet = false } = flags;
  if (files.length === 0) throw new UsageError('name the files to index');
  if (shards === undefined) throw new UsageError('--shards: say how many pieces the rows are cut into');
  if (out === undefined) throw new UsageError('--out: name the file to write');
  await checkFlags(files, flags);
  const trace = flags.report?.find((path) => path.toLowerCase().endsWith('.trace.json'));
  if (trace !== undefined) throw new UsageError(`--report ${trace}: a trace is of one run on one machine`);
  const tell = (message: string) => {
    if (!quiet) process.stderr.write(`${printable(message)}\n`);
  };
  const { distribute, runNameOf } = await import('../queue/distribute.js');
  const options = optionsOf(files, { ...flags, out, shards });
  const monitor = new RunMonitor();
  const shown = new ShownRun(quiet, tell);
  await using page = port === undefined ? undefined : await serveMonitorPage(port, monitor);
  if (page) tell(`the run is shown on ${page.url}`);
  try {
    const result = await orUsageError(
      distribute({
        ...options,
        signal,
        logger: { info: tell, warn: tell },
        onProgress: (progress) => {
          monitor.take(progress);
          shown.take(progress);
        },
      }),
    );
    shown.stop();
    if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else if (!quiet) process.stdout.write(summaryText(result));
  } catch (error) {
    shown.stop();
    if (signal.aborted)
      tell(`The run ${runNameOf(options)} goes on. The same command shows it again; with --cancel it is stopped.`);
    throw error;
  } finally {
    monitor.end();
  }
}

async function runCancel(files: readonly string[], flags: DistributeFlags): Promise<void> {
  const { redis, out, name, json, quiet } = flags;
  if (name === undefined && (files.length === 0 || out === undefined))
    throw new UsageError('--cancel: give the --name of the run, or its files and --out');
  const { cancelDistribution, runNameOf } = await import('../queue/distribute.js');
  const run = name ?? runNameOf(optionsOf(files, { ...flags, out: out!, shards: 1 }));
  const found = await orUsageError(cancelDistribution({ redis, name: run }));
  if (!found) throw new IndexingError('FileAccess', `there is no run ${run} that could be stopped`);
  if (json) process.stdout.write(`${JSON.stringify({ cancelled: run })}\n`);
  else if (!quiet) process.stdout.write(`Stopped the run ${run}. Parts that are done stay where they are.\n`);
}

function optionsOf(
  files: readonly string[],
  flags: DistributeFlags & { readonly out: string; readonly shards: number },
): DistributeOptions {
  const { redis, shards, out, name, report, rejected, order, onInvalid, graph, precision } = flags;
  return {
    redis,
    files,
    shards,
    out,
    name,
    report,
    rejected,
    order,
    onInvalid,
    graph,
    precision,
    ...readOptionsOf(flags),
  };
}

/** A run on the terminal: one bar while shards are indexed, one while they are merged. */
class ShownRun {
  readonly #quiet: boolean;
  readonly #tell: (message: string) => void;
  #phase: RunProgress['phase'] | undefined;
  #bar: Progress | undefined;
  #processed = 0;
  #hasWorkers = true;

  constructor(quiet: boolean, tell: (message: string) => void) {
    this.#quiet = quiet;
    this.#tell = tell;
  }

  take({ phase, processed, total, shards, workers, connectedWorkers }: RunProgress): void {
    const by = phase === 'merging' ? 'merging' : countOf(workers.length, 'worker');
    if (this.#phase !== phase) {
      this.stop();
      this.#phase = phase;
      this.#processed = 0;
      this.#bar = startProgress(total, by, this.#quiet);
    }
    this.#bar!.advance(processed - this.#processed, total, by);
    this.#processed = processed;
    const hasWorkers = connectedWorkers > 0;
    if (!hasWorkers && this.#hasWorkers)
      this.#tell(`no worker is connected (${countOf(shards.waiting, 'shard')} to do); start some with simdex work`);
    this.#hasWorkers = hasWorkers;
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

function summaryText({
  name,
  vectors,
  rejected,
  totalTimeMs,
  shards,
  shardsDoneBefore,
  written,
}: DistributeResult): string {
  const before = shardsDoneBefore > 0 ? ` (${formatCount(shardsDoneBefore)} done before)` : '';
  const rows: [string, string][] = [
    ['run', name],
    ['shards', `${formatCount(shards)}${before}`],
    ['rejected', formatCount(rejected)],
    ['time', `${formatDuration(totalTimeMs)}, all shards together`],
  ];
  const lines = [
    colorsFor(process.stdout).bold(`Indexed ${countOf(vectors - rejected, 'vector')} in ${countOf(shards, 'shard')}`),
    ...rows.map(([title, value]) => `  ${title.padEnd(12)}${value}`),
    ...written.map((path) => `Wrote ${printable(path)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('Expected 0 to 65535; 0 is any free port.');
  return port;
}
