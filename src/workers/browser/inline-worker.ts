/**
 * The worker with its code inside, for bundlers that do not follow URLs.
 */
import code from 'worker:browser';
import type { WorkerStart } from './live-worker.js';

export const inlineWorker: WorkerStart = {
  create() {
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    const worker = new Worker(url, { type: 'module' });
    // The worker keeps what it was started with; Safari needs the URL until it has begun to load.
    worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
    return worker;
  },
  from: 'the worker inside simdex/inline, a blob: URL',
};
