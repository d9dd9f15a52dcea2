/**
 * A worker module that counts the instances a thread makes of the kernel. The test holds the other end of the count; see
 * thread-instances.test.ts.
 */
import { getEnvironmentData } from 'node:worker_threads';
import runTask from '../../../dist/worker.node.js';

const count = new Int32Array(getEnvironmentData('simdex test instances'));

WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(Instance, args) {
    Atomics.add(count, 0, 1);
    return new Instance(...args);
  },
});

export default runTask;
