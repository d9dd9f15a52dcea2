/**
 * A worker module that counts how often threads run the kernel before there is work. The test holds the other end of the count.
 */
import { getEnvironmentData } from 'node:worker_threads';
import runTask from '../../../dist/worker.node.js';

const count = new Int32Array(getEnvironmentData('simdex test warm-ups'));

export default function runCounted(task) {
  if (task.type === 'warm-up') Atomics.add(count, 0, 1);
  return runTask(task);
}
