/**
 * What the tests of the queue share: a real Redis on a free loopback port, and workers that are real processes. Without `redis-server` the
 * tests are skipped with a message.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll } from 'vitest';
import { CLI, plainEnvironment } from '../cli/support.js';

export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis) console.warn('No redis-server (Debian: package redis-server): tests of the queue are skipped.');

export interface TestRedis {
  readonly url: string;
  /** Ends it as a power failure would. */
  kill(): Promise<void>;
  /** On the same port, with what it kept. */
  start(): Promise<void>;
}

/** What ends with a file's tests, the last thing first; hooks cannot be added while a test runs. */
const ending: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const end of ending.reverse()) await end();
}, 120_000);

/** @param appendOnly whether what it holds outlives `kill` */
export async function startRedis({ appendOnly = false, password = '' } = {}): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'simdex-redis-'));
  const port = await freePort();
  let server: ChildProcess | undefined;
  const kill = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  const start = async () => {
    const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    if (appendOnly) flags.push('--appendonly', 'yes', '--appendfsync', 'always');
    if (password !== '') flags.push('--requirepass', password);
    server = spawn('redis-server', flags, { stdio: 'ignore' });
    while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  ending.push(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await start();
  return { url: `redis://127.0.0.1:${port}`, kill, start };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address!.port : 0));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.write('PING\r\n'));
  });
}

export interface TestWorker {
  readonly child: ChildProcess;
  /** All that it wrote. */
  log(): string;
  /** Ends it and its process as a machine that dies does. */
  kill(): Promise<void>;
  /** Asks it to stop; gives its status. */
  stop(): Promise<number | null>;
}

/** Starts `simdex work` in `root`, and waits until it takes work. */
export async function startWorker(redis: TestRedis, root: string, flags: readonly string[] = []): Promise<TestWorker> {
  const args = [CLI, 'work', '--redis', redis.url, '--root', root, '--threads', '1', ...flags];
  // Its own group: the process that does the work dies with it, as with a machine.
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: plainEnvironment(),
    detached: true,
  });
  let text = '';
  child.stderr!.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const worker: TestWorker = {
    child,
    log: () => text,
    async kill() {
      if (isOver()) return;
      process.kill(-child.pid!, 'SIGKILL');
      await once(child, 'exit');
    },
    async stop() {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      return (await exit)[0] as number | null;
    },
  };
  ending.push(() => worker.kill());
  while (!text.includes('waits for work')) {
    if (isOver()) throw new Error(`simdex work ended: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return worker;
}

/** A connection of the test's own. */
export function connectTo({ url }: TestRedis): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  ending.push(() => redis.disconnect());
  return redis;
}

/** Whether nothing is left of a run but its output. */
export function hasParts(out: string): boolean {
  return existsSync(`${out}.parts`);
}
