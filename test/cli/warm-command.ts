/**
 * The command run again and again in one process (`children/warm.mjs`), for the tests of a file: many times as fast as a process for each
 * run. When the file's tests are done, the process has to end by itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';

export interface WarmRun {
  readonly status: number | null;
  readonly signal: null;
  readonly stdout: string;
  readonly stderr: string;
}

interface WarmProcess {
  readonly child: ChildProcess;
  /** What it wrote besides what its runs did. */
  readonly written: string[];
  /** Rejects when it ends. */
  readonly death: Promise<never>;
}

/** A run that takes longer hangs. */
const LIMIT_MS = 25_000;

let warm: WarmProcess | undefined;
let lastRun: Promise<unknown> = Promise.resolve();

afterAll(async () => {
  if (!warm) return;
  const { child } = warm;
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const exit = once(child, 'exit');
  // Nothing that a run has left keeps the process.
  child.disconnect();
  expect(await exit).toEqual([0, null]);
  clearTimeout(limit);
});

/** One after another. Standard input is empty. */
export function runWarm(command: string, args: readonly string[], cwd: string | undefined): Promise<WarmRun> {
  const done = lastRun.then(() => runNow(command, args, cwd));
  lastRun = done.catch(() => undefined);
  return done;
}

async function runNow(command: string, args: readonly string[], cwd: string | undefined): Promise<WarmRun> {
  warm ??= startProcess(command);
  const { child, written, death } = warm;
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const answer = new Promise<WarmRun>((resolve) => child.once('message', (ended: WarmRun) => resolve(ended)));
  child.send({ args, cwd });
  const ended = await Promise.race([answer, death]).catch((error: unknown) => {
    throw new Error(`simdex ${args.join(' ')}: ${error}; it wrote: ${written.join('')}`);
  });
  clearTimeout(limit);
  return { ...ended, signal: null };
}

function startProcess(command: string): WarmProcess {
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...env } = process.env;
  const file = fileURLToPath(new URL('./children/warm.mjs', import.meta.url));
  const child = spawn(process.execPath, [file, command], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const written: string[] = [];
  child.stderr!.setEncoding('utf8').on('data', (text: string) => written.push(text));
  const death = once(child, 'exit').then(([status, signal]) => {
    throw new Error(`its process ended with ${signal ?? status}`);
  });
  death.catch(() => undefined);
  return { child, written, death };
}
