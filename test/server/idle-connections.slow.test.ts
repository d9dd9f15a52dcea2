/**
 * Connections that say nothing, ten thousand of them (a tenth by default), to a server in a process of its own: others are served, memory
 * is bounded, and all are closed when their time is over.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../cli/support.js';
import { casesOf } from '../seed.js';
import { send } from './outside-support.js';
import { temporaryFolder } from './server-support.js';

const CHILD = fileURLToPath(new URL('./children/serve.mjs', import.meta.url));
/** What an idle connection may take: a socket, a parser and their buffers. */
const BYTES_PER_CONNECTION = 40_000;

function rssOf(pid: number): number {
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

test.skipIf(process.platform !== 'linux')('idle connections are borne, and closed in time', async () => {
  const count = casesOf('idle connections', 10_000);
  // Long enough for all of them to be there at a time.
  const options = { data: temporaryFolder(), threads: 1, headersTimeoutMs: 3 * count };
  const child = spawn(process.execPath, [CHILD, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  const port = () => Number(/listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(stdout)?.[1]);
  await until(() => port() > 0, 10);
  const before = rssOf(child.pid!);
  let open = 0;
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = connect(port(), '127.0.0.1', () => open++);
    socket.on('error', () => undefined).on('close', () => open--);
    socket.resume();
    sockets.push(socket);
    // Half of them begin a request.
    if (i % 2 === 0) socket.write('GET / HTTP/1.1\r\n');
    if (i % 500 === 499) await until(() => open > i - 100, 5);
  }
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await until(() => open === count, 10);
  expect((await send(port(), '/collections')).status).toBe(200);
  const metrics = (await send(port(), '/metrics')).text;
  expect(Number(/^simdex_http_connections (\d+)$/m.exec(metrics)![1])).toBeGreaterThanOrEqual(count);
  expect(rssOf(child.pid!) - before).toBeLessThan(50_000_000 + count * BYTES_PER_CONNECTION);
  await until(() => open === 0, 100);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; count?: number });
  const told = lines.filter(({ msg }) => /connections? refused/.test(msg));
  expect(told.length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(20);
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
});
