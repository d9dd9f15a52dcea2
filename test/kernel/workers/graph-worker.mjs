// Puts rows into a graph until none is left, as fast as it can: a thread of its own, on the same memory as others.
import { workerData } from 'node:worker_threads';

const { module, memory, graph, scratch, tag, effort, budget, progress, count } = workerData;
const kernel = new WebAssembly.Instance(module, { env: { memory } }).exports;
// Word 0: the next row; word 1 + row: who has taken it, and -1 when it is in.
const words = new Int32Array(progress);

const DONE = 0;
for (;;) {
  const row = Atomics.add(words, 0, 1);
  if (row >= count) break;
  Atomics.store(words, 1 + row, tag);
  let state = kernel.beginInsert(graph, scratch, row, effort, 0);
  while (state !== DONE) state = kernel.insert(scratch, tag, budget);
  Atomics.store(words, 1 + row, -1);
}
