/**
 * Workers whose code is inside the bundle, for bundlers that do not follow URLs.
 */
import code from 'worker:browser';
import type { WorkerStart } from './live-worker.js';
import type { PageWorkers } from './platform.js';

export const inlineWorkers: PageWorkers = {
  indexing: inline(code),
  /** Pages that only index do not load its code, but for those of bundlers that put everything into one file. */
  searching: async () => inline((await import('worker:search')).default),
};

function inline(code: string): WorkerStart {
  return {
    create() {
      const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
      const worker = new Worker(url, { type: 'module' });
      // The worker keeps what it was started with; Safari needs the URL until it has begun to load.
      worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
      return worker;
    },
    from: 'the worker inside simdex/inline, a blob: URL',
  };
}
