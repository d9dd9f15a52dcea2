/**
 * A worker module that takes some milliseconds longer for every batch, without a processor: all threads at the same time, or one after
 * another, as the words say that the test holds the other end of.
 */
import { getEnvironmentData } from 'node:worker_threads';
import runTask from '../../../dist/worker.node.js';

const [ONE_BY_ONE, LOCK, NEVER, PAUSE_MS] = [0, 1, 2, 3];
const words = new Int32Array(getEnvironmentData('simdex test pause'));

export default function runPausingTask(task) {
  return runTask(task, () => {
    const oneByOne = Atomics.load(words, ONE_BY_ONE) === 1;
    while (oneByOne && Atomics.compareExchange(words, LOCK, 0, 1) !== 0) Atomics.wait(words, LOCK, 1, 50);
    Atomics.wait(words, NEVER, 0, Atomics.load(words, PAUSE_MS));
    if (!oneByOne) return;
    Atomics.store(words, LOCK, 0);
    Atomics.notify(words, LOCK, 1);
  });
}
