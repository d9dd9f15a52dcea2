/**
 * `simdex work`: does shards and merges of the queue until it is told to stop; then what is under way is finished.
 */
import type { Command } from 'commander';
import { printable } from './error-text.js';
import { type Interrupts, orUsageError, untilAborted } from './exit.js';
import { collect, givenOnce, parseThreads } from './flag-values.js';

/** The flags of the command, as commander gives them. */
interface WorkFlags {
  readonly redis: string;
  readonly threads: number | 'auto';
  readonly root?: string;
  readonly allowUrl?: readonly string[];
  readonly quiet?: true;
}

/** A shard may take long; a second signal ends the process at once. */
const DRAIN_MS = 24 * 3600 * 1000;

export function addWorkCommand(program: Command, interrupts: Pick<Interrupts, 'signal' | 'allow'>): void {
  program
    .command('work')
    .summary('do work that simdex distribute has queued')
    .description(
      'Do shards and merges that simdex distribute has queued in Redis, one at a time, until told to stop (SIGTERM, Ctrl-C); what is under way is finished first, a second signal ends it at once. Start any number, on any number of machines. Reads and writes only below --root, also through links.',
    )
    .requiredOption('--redis <url>', 'where the queue is: redis://HOST:PORT, or rediss:// with TLS', givenOnce)
    .option('--threads <n>', 'worker threads: 1 to 256, or auto', parseThreads, 'auto')
    .option('--root <dir>', 'where relative paths of runs begin; the working directory by default', givenOnce)
    .option('--allow-url <prefix>', 'fetch only http(s) URLs below this one; may be repeated', collect)
    .option('--quiet', 'print only what goes wrong')
    .showHelpAfterError('(simdex work --help lists the flags)')
    .addHelpText(
      'after',
      `
Examples:
  simdex work --redis redis://queue.example:6379 --root /shared
  simdex work --redis redis://queue.example:6379 --root /shared \\
    --allow-url https://bucket.example/vectors/`,
    )
    .action((flags: WorkFlags) => runWork(flags, interrupts));
}

async function runWork(flags: WorkFlags, { signal, allow }: Pick<Interrupts, 'signal' | 'allow'>): Promise<void> {
  const { redis, threads, root, allowUrl, quiet = false } = flags;
  const print = (message: string) => process.stderr.write(`${new Date().toISOString()} ${printable(message)}\n`);
  allow(DRAIN_MS);
  const { createWorker } = await import('../index.bullmq.js');
  await using worker = await orUsageError(
    createWorker({
      redis,
      threads,
      root,
      allowUrls: allowUrl,
      logger: { warn: print, info: (message) => void (quiet || print(message)) },
    }),
  );
  if (!quiet) print(`${worker.name} waits for work`);
  await untilAborted(signal);
  if (!quiet) print('stopping: what is under way is finished first');
}
