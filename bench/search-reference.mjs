// A thread of bench/search.mjs that runs the reference loops on its part of a shared memory, whenever it is told to.
import { parentPort, workerData } from 'node:worker_threads';

const { module, memory } = workerData;
const { read, multiplyAdd } = new WebAssembly.Instance(module, { env: { memory } }).exports;

parentPort.on('message', ({ what, at, size }) => {
  const result = what === 'read' ? read(at, size) : multiplyAdd(size, 0.5);
  parentPort.postMessage(result);
});
