// Files through the command, and text through the reader.
//
//   node bench/files.mjs [--gigabytes 2] [--dims 384] [--pairs 5]
//
// First `simdex index IN.npy --out OUT.npy` against a loop that makes the same reads and writes with nothing between them, in
// alternating pairs on a warm page cache, without fsync: minima, their ratio, and the command's peak memory. Then .jsonl and
// .csv through `readVectors`, in MB of text per second. Everything happens in a temporary directory that is removed.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readVectors, writeVectors } from '../dist/index.node.js';

const { values: flags } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '2' },
    dims: { type: 'string', default: '384' },
    pairs: { type: 'string', default: '5' },
  },
});
const dims = Number(flags.dims);
const count = Math.floor((Number(flags.gigabytes) * 1e9) / (4 * dims));
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'simdex-bench-'));
const [input, output] = ['in.npy', 'out.npy'].map((name) => join(directory, name));

function* rows(total) {
  for (let first = 0; first < total; first += 5000) {
    const data = new Float32Array(Math.min(5000, total - first) * dims);
    for (let i = 0; i < data.length; i++) data[i] = Math.sin(first + i);
    yield { data, dims };
  }
}

async function timeCommand() {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [cli, 'index', input, '--out', output, '--quiet'], { stdio: 'inherit' });
  let peakKb = 0;
  const sampling = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peakKb = Math.max(peakKb, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  }, 20);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(sampling);
  if (status !== 0) throw new Error(`simdex index ended with status ${status}`);
  return { ms: performance.now() - startedAt, peakMb: peakKb / 1024 };
}

function timePlainLoop() {
  const startedAt = performance.now();
  const [from, to] = [openSync(input, 'r'), openSync(`${output}.plain`, 'w')];
  const piece = new Uint8Array(8 * 2 ** 20);
  for (let read = readSync(from, piece); read > 0; read = readSync(from, piece)) writeSync(to, piece, 0, read);
  closeSync(from);
  closeSync(to);
  return performance.now() - startedAt;
}

async function readText(name) {
  const file = join(directory, name);
  await writeVectors(file, rows(Math.ceil(20_000_000 / (10 * dims))));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < Number(flags.pairs); round++) {
    const startedAt = performance.now();
    for await (const _ of readVectors(file));
    best = Math.min(best, performance.now() - startedAt);
  }
  console.log(`${name}: ${(statSync(file).size / best / 1e3).toFixed(0)} MB/s`);
}

try {
  await writeVectors(input, rows(count));
  const times = { command: [], loop: [], peakMb: [] };
  for (let pair = 0; pair < Number(flags.pairs); pair++) {
    const { ms, peakMb } = await timeCommand();
    times.command.push(ms);
    times.peakMb.push(peakMb);
    times.loop.push(timePlainLoop());
  }
  const [command, loop] = [Math.min(...times.command), Math.min(...times.loop)];
  console.log(`${count} × ${dims}, ${(statSync(input).size / 1e9).toFixed(2)} GB`);
  console.log(
    `simdex index ${command.toFixed(0)} ms, plain loop ${loop.toFixed(0)} ms: ${(command / loop).toFixed(2)}×`,
  );
  console.log(`peak memory of the command: ${Math.max(...times.peakMb).toFixed(0)} MB`);
  for (const name of ['text.jsonl', 'text.csv']) await readText(name);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
