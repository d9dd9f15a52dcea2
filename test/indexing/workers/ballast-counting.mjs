/**
 * A worker module that counts the buffers which tell a thread's collector what a shared memory costs: resizable ones, and
 * nothing else here is. The test holds the other end of the count; see collector-account.test.ts.
 */
import { getEnvironmentData } from 'node:worker_threads';
import runTask from '../../../dist/worker.node.js';

const count = new Int32Array(getEnvironmentData('simdex test ballast'));

globalThis.ArrayBuffer = new Proxy(ArrayBuffer, {
  construct(Buffer, [length, options]) {
    if (options?.maxByteLength !== undefined) Atomics.add(count, 0, 1);
    return new Buffer(length, options);
  },
});

export default runTask;
