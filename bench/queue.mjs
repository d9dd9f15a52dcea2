// What a queue costs: the throughput of two workers of one thread each against one process of two threads on the same file, in alternating pairs,
// with each side against itself (A/A); the time and memory of planning 10,000 shards; the time from a worker's death to its shard being done again;
// the constants of docs/many-machines.md. Needs redis-server.
//
//   node bench/queue.mjs [--megabytes 1000] [--pairs 5] [--shards 8]
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomComponents } from './random-components.mjs';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1000' },
    pairs: { type: 'string', default: '5' },
    shards: { type: 'string', default: '8' },
  },
});
const [megabytes, pairs, shards] = [values.megabytes, values.pairs, values.shards].map(Number);
const DIMS = 384;
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'simdex-queue-'));
const port = 20_000 + (process.pid % 20_000);
const url = `redis://127.0.0.1:${port}`;
const children = [];

try {
  const server = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder], {
    stdio: 'ignore',
  });
  children.push(server);
  while (!(await answers())) await sleep(20);
  console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}.\n`);
  await measureThroughput();
  await measurePlanning();
  await measureRecovery();
} finally {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true });
}

async function measureThroughput() {
  const rows = Math.round((megabytes * 1e6) / DIMS / 4);
  writeRows('rows.npy', rows, DIMS);
  const workers = [await startWorker(), await startWorker()];
  const out = `${rows}.npy`;
  const index = () => ['index', 'rows.npy', '--out', out, '--threads', '2', '--quiet'];
  let runs = 0;
  const sides = {
    process: () => time(index()),
    // A name of its own, or the run would be known to be done.
    workers: () =>
      time([
        'distribute',
        'rows.npy',
        '--out',
        out,
        '--shards',
        String(shards),
        '--redis',
        url,
        '--name',
        `run-${runs++}`,
        '--quiet',
      ]),
  };
  const times = { process: [], workers: [] };
  const log = () => workers.map(({ text }) => text()).join('');
  const secondsOf = (pattern) => [...log().matchAll(pattern)].map(([, seconds]) => Number(seconds));
  for (let pair = -1; pair < pairs; pair++) {
    const order =
      pair % 2 ? ['process', 'workers', 'workers', 'process'] : ['workers', 'process', 'process', 'workers'];
    for (const side of order) {
      // When a file takes the place of another, ext4 first begins to write it to the disk: the disk would be measured.
      rmSync(join(folder, out), { force: true });
      const elapsed = await sides[side]();
      if (pair >= 0) times[side].push(elapsed);
    }
  }
  // Each run has one merge; those of the first pair do not count.
  const mergeTimes = secondsOf(/rows merged in ([\d.]+) s/g)
    .slice(-2 * pairs)
    .map((seconds) => 1000 * seconds);
  const ratios = times.process.map((elapsed, i) => elapsed / times.workers[i]);
  const indexing = times.process.map((elapsed, i) => elapsed / (times.workers[i] - median(mergeTimes)));
  const same = (list) => Array.from({ length: pairs }, (_, i) => list[2 * i] / list[2 * i + 1]);
  console.log(`${rows} rows of ${DIMS} components (${megabytes} MB), ${shards} shards; ${2 * pairs} pairs:`);
  console.log(`  one process of two threads   ${ms(median(times.process))}, A/A ${span(same(times.process))}`);
  console.log(`  two workers of one thread    ${ms(median(times.workers))}, A/A ${span(same(times.workers))}`);
  console.log(`  throughput of the workers    ${median(ratios).toFixed(2)} of the process (${span(ratios)})`);
  console.log(
    `  without the merge            ${median(indexing).toFixed(2)} (${span(indexing)}); the merge takes ${ms(median(mergeTimes))}`,
  );
  console.log(`  a shard                      ${ms(1000 * median(secondsOf(/rows indexed in ([\d.]+) s/g)))}`);
  // Shards without work to speak of: what the queue itself takes.
  writeRows('tiny.npy', 2000, 2);
  const tiny = [];
  for (let i = 0; i < 3; i++)
    tiny.push(
      await time([
        'distribute',
        'tiny.npy',
        '--out',
        'tiny-out.npy',
        '--shards',
        '1000',
        '--redis',
        url,
        '--name',
        `tiny-${i}`,
        '--quiet',
      ]),
    );
  console.log(
    `  1,000 shards of two rows     ${ms(median(tiny))}: ${((2 * median(tiny)) / 1000).toFixed(1)} ms of a worker for each\n`,
  );
  for (const { child } of workers) {
    process.kill(-child.pid, 'SIGKILL');
    await once(child, 'exit');
  }
}

async function measurePlanning() {
  writeRows('many.npy', 20_000, 2);
  const before = performance.now();
  const child = spawn(
    process.execPath,
    [cli, 'distribute', 'many.npy', '--out', 'many-out.npy', '--shards', '10000', '--redis', url],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    },
  );
  children.push(child);
  // "no worker is connected": all is queued.
  await once(child.stderr, 'data');
  const elapsed = performance.now() - before;
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
  process.kill(-child.pid, 'SIGKILL');
  await once(child, 'exit');
  console.log(
    `Planning 10,000 shards: ${ms(elapsed)} with the start of the process, at most ${(kilobytes / 1000).toFixed(0)} MB.`,
  );
  execFileSync(
    process.execPath,
    [cli, 'distribute', 'many.npy', '--out', 'many-out.npy', '--redis', url, '--cancel', '--quiet'],
    { cwd: folder },
  );
}

/** From the death of a worker in the middle of a shard to another one having done it. */
async function measureRecovery() {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const first = await startWorker();
    const run = spawn(
      process.execPath,
      [cli, 'distribute', 'rows.npy', '--out', `recovered-${i}.npy`, '--shards', '1', '--redis', url, '--quiet'],
      {
        cwd: folder,
        stdio: 'ignore',
        detached: true,
      },
    );
    children.push(run);
    const ended = once(run, 'exit');
    await sleep(1200);
    const second = await startWorker();
    process.kill(-first.child.pid, 'SIGKILL');
    const died = performance.now();
    while (!second.text().includes('its worker died')) {
      await sleep(10);
      if (run.exitCode !== null) break;
    }
    if (second.text().includes('its worker died')) times.push(performance.now() - died);
    await ended;
    process.kill(-second.child.pid, 'SIGKILL');
    await once(second.child, 'exit');
  }
  if (times.length === 0)
    return console.log('Recovery: no worker died in the middle of a shard; give more --megabytes.');
  console.log(
    `A shard of a worker that was killed goes on elsewhere after ${times.map((each) => ms(each)).join(', ')}.`,
  );
}

async function startWorker() {
  const child = spawn(process.execPath, [cli, 'work', '--redis', url, '--threads', '1', '--root', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  children.push(child);
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more) => {
    text += more;
  });
  while (!text.includes('waits for work')) await sleep(10);
  return { child, text: () => text };
}

async function time(args) {
  const start = performance.now();
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`simdex ${args.join(' ')} ended with status ${status}`);
  return performance.now() - start;
}

function writeRows(name, rows, dims) {
  const file = openSync(join(folder, name), 'w');
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dims}), }`.padEnd(117);
  const head = Buffer.from(`\x93NUMPY\x01\x00vv${header}\n`, 'latin1');
  head.writeUInt16LE(118, 8);
  writeSync(file, head);
  const some = randomComponents(Math.min(rows, 10_000) * dims);
  for (let done = 0; done < rows; done += 10_000)
    writeSync(file, new Uint8Array(some.buffer, 0, Math.min(10_000, rows - done) * dims * 4));
  closeSync(file);
}

function answers() {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function span(list) {
  return `${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)}`;
}

function ms(milliseconds) {
  return milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}
