// Nanoseconds per vector of the compiled kernel, one thread, minimum of many rounds. Fresh rows are copied in before
// every round, outside the clock. With `--native PATH` a native program with the arguments
// `<count> <dims> 1 <sorted|original> tuned <repeats>` and one JSON line with `minNsPerVector` as its answer runs
// between the rounds, so that both see the same noise.
//
//   node bench/kernel.mjs [--dims 128,768] [--backend simd|scalar] [--rounds 5] [--native PATH]
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const REPEATS = 15;
const BYTES = 3 << 20;

const { values: options } = parseArgs({
  options: {
    dims: { type: 'string', default: '64,100,128,256,300,384,512,768,784,1024,1536,2048' },
    backend: { type: 'string', default: 'simd' },
    rounds: { type: 'string', default: '5' },
    native: { type: 'string' },
  },
});

const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
const bytes = readFileSync(new URL(`../build/kernel/${options.backend}.wasm`, import.meta.url));
const { exports: kernel } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });

const dimsList = options.dims.split(',').map(Number);
for (const dims of dimsList) {
  const count = Math.round(BYTES / (4 * dims));
  const rows = 1 << 20;
  const magnitudes = 64;
  const scratch = 8 << 20;
  const fresh = randomRows(count * dims);
  const view = new Float32Array(memory.buffer, rows, count * dims);

  const tasks = {
    sorted: () => kernel.process(rows, count, dims, magnitudes, scratch),
    original: () => kernel.normalize(rows, count, dims, magnitudes),
  };
  const best = { sorted: Infinity, original: Infinity };
  const native = { sorted: Infinity, original: Infinity };
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const order of ['sorted', 'original']) {
      for (let repeat = 0; repeat < REPEATS; repeat++) {
        view.set(fresh);
        const start = process.hrtime.bigint();
        tasks[order]();
        best[order] = Math.min(best[order], Number(process.hrtime.bigint() - start) / count);
      }
      if (options.native) {
        const answer = execFileSync(options.native, [count, dims, 1, order, 'tuned', REPEATS].map(String));
        native[order] = Math.min(native[order], JSON.parse(String(answer)).minNsPerVector);
      }
    }
  }
  const line = [`${dims}`.padStart(5), `sorted ${best.sorted.toFixed(0).padStart(6)} ns`];
  if (options.native)
    line.push(`${(native.sorted / best.sorted).toFixed(2)}x of ${native.sorted.toFixed(0)}`.padEnd(16));
  line.push(`original ${best.original.toFixed(1).padStart(6)} ns`);
  if (options.native) line.push(`${(best.original / native.original).toFixed(2)} of ${native.original.toFixed(1)}`);
  console.log(line.join('  '));
}

/** xorshift32 mapped to [-1, 1), the same numbers on every machine. */
function randomRows(length) {
  const values = new Float32Array(length);
  let state = 0x9e3779b9;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = state / 2147483648;
  }
  return values;
}
