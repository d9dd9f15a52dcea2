// Reads lists and walks the graph while others change it, until it is told to stop; posts what it has found to be wrong.
import { parentPort, workerData } from 'node:worker_threads';

const { module, memory, graph, scratch, queryAt, stop, lists, degree, count, candidates } = workerData;
const kernel = new WebAssembly.Instance(module, { env: { memory } }).exports;
const words = new Int32Array(stop);
const all = new Uint32Array(memory.buffer);
const query = new Uint32Array(memory.buffer, queryAt.to, queryAt.bytes / 4);
const codes = new Uint32Array(memory.buffer, queryAt.from, queryAt.bytes / 4);
const wrong = [];
let walks = 0;
while (!Atomics.load(words, 0)) {
  query.set(codes);
  kernel.begin(graph, scratch, 64, 64, 0);
  while (kernel.search(graph, scratch, 500));
  const length = all[(scratch + candidates.length) / 4];
  const rows = Array.from(all.subarray(candidates.words / 4, candidates.words / 4 + length), (word) => word >>> 2);
  if (rows.some((row) => row >= count) || new Set(rows).size !== rows.length) wrong.push(`walk: ${rows}`);
  for (let row = 0; row < count; row += 7) {
    const head = lists / 4 + row * (degree + 1);
    const before = Atomics.load(all, head);
    const list = Array.from({ length: before & 0xff }, (_, i) => Atomics.load(all, head + 1 + i));
    // All but the owner's tag: the list has not been changed meanwhile, and was not being changed.
    const same = ((Atomics.load(all, head) ^ before) & ~0x1ff00) === 0 && (before & (1 << 17)) === 0;
    if (!same) continue;
    if (list.some((other) => other >= count || other === row) || new Set(list).size !== list.length) {
      wrong.push(`row ${row}: ${list}`);
    }
  }
  walks++;
}
parentPort.postMessage({ walks, wrong });
