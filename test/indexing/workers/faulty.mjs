/**
 * A worker module that fails where a test tells it to. The test holds the other end of the shared words; see fault.ts.
 */
import { getEnvironmentData, parentPort } from 'node:worker_threads';
import runTask from '../../../dist/worker.node.js';

const [MODE, BATCH, TIMES, ODDS, SEED, RELEASED, NEVER] = [0, 1, 2, 3, 4, 5, 6];
const words = new Int32Array(getEnvironmentData('simdex test fault'));

const faults = {
  // Nothing goes wrong.
  0: () => undefined,
  1: () => process.exit(3),
  2: () => {
    throw new Error('thrown by the worker module');
  },
  // Ends the thread without a word, after the rest of the task: an uncaught error.
  3: () => {
    setImmediate(() => {
      throw new Error('thrown where nobody catches');
    });
  },
  // Tinypool takes a foreign message for a failure and gives the thread up while it is still at work.
  4: () => parentPort.postMessage('a foreign message'),
  // Overflows the stack: a RangeError out of the task.
  5: function overflow() {
    overflow();
  },
  // Holds the batch for a third of a second.
  8: () => Atomics.wait(words, NEVER, 0, 300),
  // Holds the batch until the test releases it.
  9: () => Atomics.wait(words, RELEASED, 0),
};

if (Atomics.load(words, MODE) === 6 && Atomics.sub(words, TIMES, 1) > 0) process.exit(4);
if (Atomics.load(words, MODE) === 7 && Atomics.sub(words, TIMES, 1) > 0) throw new Error('thrown while it loads');

/** Numbers in [0, 1) from a seed that all threads share, so that no two draw the same. */
function random() {
  let mixed = Math.imul(Atomics.add(words, SEED, 0x6d2b79f5), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

export default function runFaultyTask(task) {
  return runTask(task, (batch) => {
    const wanted = Atomics.load(words, BATCH);
    const mode = Atomics.load(words, MODE);
    if (!faults[mode] || (wanted !== batch && wanted >= 0)) return;
    if (wanted < 0 && random() * 1000 >= Atomics.load(words, ODDS)) return;
    if (Atomics.sub(words, TIMES, 1) > 0) faults[mode]();
  });
}
