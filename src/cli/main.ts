#!/usr/bin/env node
/**
 * The `simdex` command. Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted (143 by SIGTERM, 129 by SIGHUP).
 */
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { errorText } from './error-text.js';
import { ExitStatus, interruptStatus, UsageError, watchInterrupts } from './exit.js';
import { createProgram } from './program.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

async function main(): Promise<number> {
  const interrupts = watchInterrupts();
  const program = await createProgram(version, interrupts, process.argv[2]);
  try {
    await program.parseAsync();
    return ExitStatus.done;
  } catch (error) {
    if (interrupts.signal.aborted) {
      process.stderr.write('Interrupted; no file was written.\n');
      return interruptStatus(interrupts.signal);
    }
    // Commander has printed its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitStatus.done : ExitStatus.usage;
    process.stderr.write(`error: ${errorText(error)}\n`);
    return error instanceof UsageError ? ExitStatus.usage : ExitStatus.failed;
  } finally {
    interrupts.unwatch();
  }
}

let unprinted = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that closes the pipe (`simdex … | head`) has what it wanted.
  if (error.code === 'EPIPE') return;
  unprinted = true;
  process.exitCode = ExitStatus.failed;
  process.stderr.write(`error: cannot write to standard output: ${error.message}\n`);
});
// There is nobody left to tell.
process.stderr.on('error', () => undefined);

const status = await main();
process.exitCode = status === ExitStatus.done && unprinted ? ExitStatus.failed : status;
