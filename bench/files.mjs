// Files through the command, and text through the reader.
//
//   node bench/files.mjs [--gigabytes 2] [--dims 384] [--pairs 11]
//
// First `simdex index IN.npy --out OUT.npy` against a loop that makes the same reads and writes with nothing between them, and
// the command against itself (A/A): fresh processes in turn, on a warm page cache, without fsync. Before each, what an earlier one
// wrote is removed and the system told to write back what is left (`sync`), or its throttling would be measured. Then .jsonl and
// .csv through `readVectors`, in MB of text per second. Everything happens in a temporary directory that is removed.
import { execFileSync, spawn } from 'node:child_process';
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
    pairs: { type: 'string', default: '11' },
    // The loop, in a process of its own: IN and OUT.
    loop: { type: 'string', multiple: true },
  },
});

if (flags.loop) copyInLoop(...flags.loop);
else await compare();

async function compare() {
  const dims = Number(flags.dims);
  const count = Math.floor((Number(flags.gigabytes) * 1e9) / (4 * dims));
  const directory = mkdtempSync(join(tmpdir(), 'simdex-bench-'));
  try {
    await compareCopies(directory, count, dims);
    for (const name of ['text.jsonl', 'text.csv']) await readText(join(directory, name), dims);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function compareCopies(directory, count, dims) {
  const [input, output] = ['in.npy', 'out.npy'].map((name) => join(directory, name));
  await writeVectors(input, rows(count, dims));
  const bench = fileURLToPath(import.meta.url);
  const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
  const sides = {
    loop: [bench, '--loop', input, '--loop', output],
    command: [cli, 'index', input, '--out', output, '--quiet'],
    again: [cli, 'index', input, '--out', output, '--quiet'],
  };
  const pairs = [];
  for (let pair = 0; pair < Number(flags.pairs); pair++) {
    const timed = {};
    for (const [side, args] of Object.entries(sides)) {
      rmSync(output, { force: true });
      execFileSync('sync');
      timed[side] = await timeProcess(args);
    }
    pairs.push(timed);
  }
  const least = (side) => Math.min(...pairs.map((pair) => pair[side].ms));
  const ratios = pairs.map(({ command, loop }) => command.ms / loop.ms).sort((a, b) => a - b);
  const same = pairs.map(({ command, again }) => command.ms / again.ms).sort((a, b) => a - b);
  console.log(`${count} × ${dims}, ${(statSync(input).size / 1e9).toFixed(2)} GB, ${pairs.length} alternating pairs`);
  console.log(`minima: simdex index ${least('command').toFixed(0)} ms, loop ${least('loop').toFixed(0)} ms`);
  console.log(`ratio of the minima ${(least('command') / least('loop')).toFixed(2)}`);
  console.log(`median of the paired ratios ${ratios[ratios.length >> 1].toFixed(2)}`);
  console.log(`A/A ${same[0].toFixed(2)}–${same.at(-1).toFixed(2)}`);
  console.log(`peak memory of the command ${Math.max(...pairs.map(({ command }) => command.peakMb)).toFixed(0)} MB`);
}

function* rows(total, dims) {
  for (let first = 0; first < total; first += 5000) {
    const data = new Float32Array(Math.min(5000, total - first) * dims);
    for (let i = 0; i < data.length; i++) data[i] = Math.sin(first + i);
    yield { data, dims };
  }
}

/** From start to exit of a Node process. */
async function timeProcess(args) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  let peakKb = 0;
  const sampling = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peakKb = Math.max(peakKb, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  }, 20);
  const status = await new Promise((resolve) => child.on('close', resolve));
  const ms = performance.now() - startedAt;
  clearInterval(sampling);
  if (status !== 0) throw new Error(`${args.join(' ')} ended with status ${status}`);
  return { ms, peakMb: peakKb / 1024 };
}

function copyInLoop(input, output) {
  const [from, to] = [openSync(input, 'r'), openSync(output, 'w')];
  const piece = new Uint8Array(8 * 2 ** 20);
  for (let read = readSync(from, piece); read > 0; read = readSync(from, piece)) writeSync(to, piece, 0, read);
  closeSync(from);
  closeSync(to);
}

async function readText(file, dims) {
  await writeVectors(file, rows(Math.ceil(20_000_000 / (10 * dims)), dims));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < Number(flags.pairs); round++) {
    const startedAt = performance.now();
    for await (const _ of readVectors(file));
    best = Math.min(best, performance.now() - startedAt);
  }
  console.log(`.${file.split('.').at(-1)} ${(statSync(file).size / best / 1e3).toFixed(0)} MB/s`);
}
