/**
 * Workers whose code is inside the bundle, for bundlers that do not follow URLs.
 */
import code from 'worker:browser';
import type { WorkerStart } from './live-worker.js';
import { startOfCode } from './live-worker.js';
import type { PageWorkers } from './platform.js';

export const inlineWorkers: PageWorkers = {
  indexing: inline(code),
  /** Pages that only index do not load its code, unless a bundler puts everything into one file. */
  searching: async () => inline((await import('worker:search')).default),
};

function inline(code: string): WorkerStart {
  return startOfCode(code, 'the worker inside simdex/inline, a blob: URL');
}
