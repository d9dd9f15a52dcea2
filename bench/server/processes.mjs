// The server, and what it is compared with, as processes of their own, on folders that go with the bench.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const BARE = fileURLToPath(new URL('./bare.mjs', import.meta.url));

export const folder = mkdtempSync(join(tmpdir(), 'simdex-bench-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function start(file, args, portOf) {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise((resolve, reject) => {
    child.once('exit', (status) => reject(new Error(`${file} ended with ${status} before it listened`)));
    lines.on('line', (line) => {
      const found = portOf(line);
      if (found) resolve(found);
    });
  });
  // Its log is thrown away unread: whoever runs a server does not read it in the process that sends the requests.
  lines.close();
  child.stdout.resume();
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [status] = await ended;
    if (status !== 0) throw new Error(`${file} ended with ${status}`);
  };
  return { url, child, stop };
}

export const startServer = (name) =>
  start(CLI, ['serve', '--data', join(folder, name), '--port', '0'], (line) => /127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
export const startBare = () => start(BARE, [join(folder, 'bare')], (line) => /^(\d+)$/.exec(line)?.[1]);

/** Bytes. */
export function rssOf(pid) {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return 1024 * Number(kilobytes);
}

/** Processor time of a process so far, in milliseconds; Linux counts it in hundredths of a second. */
export function cpuMsOf(pid) {
  const [, rest] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = rest.split(' ').slice(11, 13).map(Number);
  return 10 * (user + system);
}
