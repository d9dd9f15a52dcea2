/**
 * `simdex bench`: measures the cases asked for, prints a table, and compares with an earlier session.
 */

import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type CaseGroup, caseName, operationTraits, selectCases } from '../../bench/suite/cases.js';
import { checkComparable, compareResults, judge } from '../../bench/suite/compare.js';
import { defaultSizes, SEED } from '../../bench/suite/data-set.js';
import { comparisonToMarkdown, resultsToMarkdown } from '../../bench/suite/markdown.js';
import type { NativeProgram } from '../../bench/suite/native.js';
import { describeMachine } from '../../bench/suite/node/machine.js';
import { openNativeProgram } from '../../bench/suite/node/native-program.js';
import { OutputFiles } from '../../bench/suite/node/output-files.js';
import type { BenchmarkResults, Machine } from '../../bench/suite/results.js';
import { resultsFromJson, resultsToJson } from '../../bench/suite/results-json.js';
import { fullRounds, quickRounds, runSuite } from '../../bench/suite/suite.js';
import { messageOf } from '../base/errors.js';
import { ParallelIndexer, VectorIndex } from '../index.node.js';
import { checkDistinct } from './check-flags.js';
import { UsageError } from './exit.js';
import { collect, parseThreads } from './flag-values.js';

/** The flags of the command, as commander gives them. */
interface BenchFlags {
  readonly json?: true;
  readonly quick?: true;
  readonly case?: readonly string[];
  readonly compare?: string;
  readonly html?: string;
  readonly markdown?: string;
  readonly native?: string;
  readonly threads: number | 'auto';
}

export function addBenchCommand(program: Command, version: string, interrupted: AbortSignal): void {
  program
    .command('bench')
    .summary('measure JavaScript, scalar WASM, SIMD WASM and SIMD on threads')
    .description('Measure JavaScript, scalar WASM, SIMD WASM and SIMD on threads against each other')
    .option('--json', 'print the results as JSON instead of a Markdown table')
    .option('--quick', 'two sizes and few rounds: some seconds, for a first look')
    .option('--case <pattern>', 'cases by name, * for anything, e.g. "pipeline/*/simd"; may be repeated', collect)
    .option(
      '--compare <file>',
      'fail when a case is slower than in that JSON by more than the noise of both, or when there is too much noise to tell',
    )
    .option('--html <file>', 'write a page with charts')
    .option('--markdown <file>', 'write the table')
    .option('--native <path>', 'measure a native program too; bench/README.md says how it is called')
    .option('--threads <n>', 'worker threads: 1 to 256, or auto', parseThreads, 'auto')
    .addHelpText(
      'after',
      `
Examples:
  simdex bench --quick
  simdex bench --json > before.json
  simdex bench --compare before.json --html now.html
  simdex bench --case "sort/128/*" --case "pipeline/768/*"`,
    )
    .action((flags: BenchFlags) => runBench(flags, version, interrupted));
}

async function runBench(flags: BenchFlags, version: string, interrupted: AbortSignal): Promise<void> {
  const groups = asUsage('--case', () => selectCases(flags.case ?? [], flags.quick === true));
  await checkFiles(flags);
  await using indexer = new ParallelIndexer(flags.threads, { kernel: 'simd' });
  const machine = describeMachine();
  const baseline = flags.compare && (await readBaseline(flags.compare, groups, machine, indexer.threadCount));
  const native = flags.native === undefined ? undefined : await openNative(flags.native, groups, interrupted);
  await using outputs = await OutputFiles.create(flags);
  const results = await runSuite({
    groups,
    indexer,
    buildIndex: VectorIndex.build,
    rounds: flags.quick ? quickRounds : fullRounds,
    sizes: defaultSizes,
    machine,
    version,
    native,
    signal: interrupted,
    onProgress: ({ operation, dims }, done) => {
      process.stderr.write(`${operation}, ${dims} dims (${done + 1} of ${groups.length})\n`);
    },
  });
  await outputs.finish(results);
  process.stdout.write(flags.json ? resultsToJson(results) : resultsToMarkdown(results));
  if (!baseline) return;
  const comparison = compareResults(baseline, results);
  const text = `\n${comparisonToMarkdown(comparison)}`;
  // JSON on standard output stays JSON.
  (flags.json ? process.stderr : process.stdout).write(text);
  const { objection } = judge(comparison);
  if (objection) throw new Error(`--compare ${flags.compare}: ${objection}.`);
}

/** Checks that no output is another one, or the session to compare with. */
async function checkFiles({ compare, html, markdown }: BenchFlags): Promise<void> {
  const outputs = [
    { flag: '--html', path: html },
    { flag: '--markdown', path: markdown },
  ].flatMap(({ flag, path }) => (path === undefined ? [] : [{ flag, path }]));
  await checkDistinct(compare === undefined ? [] : [compare], outputs);
}

/** Refuses before anything is measured what could only be refused after it. */
async function readBaseline(
  path: string,
  groups: readonly CaseGroup[],
  machine: Machine,
  threads: number,
): Promise<BenchmarkResults> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = messageOf(error);
    throw new UsageError(`--compare ${path}: there is no baseline to read (${reason})`);
  }
  return asUsage(`--compare ${path}`, () => {
    const baseline = resultsFromJson(text);
    const names = groups.flatMap(({ operation, dims, variants }) =>
      variants.map((variant) => caseName(operation, dims, variant)),
    );
    checkComparable(baseline, { machine, threads, sizes: defaultSizes, seed: SEED, names });
    return baseline;
  });
}

async function openNative(
  path: string,
  groups: readonly CaseGroup[],
  interrupted: AbortSignal,
): Promise<NativeProgram> {
  if (!groups.some(({ operation }) => operationTraits[operation].nativeOrder)) {
    throw new UsageError(
      `--native ${path}: a native program has only normalize and pipeline, and no such case is chosen`,
    );
  }
  try {
    return await openNativeProgram(path, interrupted);
  } catch (error) {
    interrupted.throwIfAborted();
    throw new UsageError(`--native: ${messageOf(error)}`);
  }
}

/** Turns the library's refusals into usage errors. */
function asUsage<T>(flag: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new UsageError(`${flag}: ${messageOf(error)}`);
  }
}
