/**
 * No workers at all, for places that have none: the calling thread does the work.
 */
import { WorkersUnavailable } from '../worker-pool.js';
import type { WorkerStart } from './live-worker.js';
import type { PageWorkers } from './platform.js';

const none: WorkerStart = {
  create() {
    throw new WorkersUnavailable('simdex/single has none');
  },
  from: 'simdex/single',
};

export const noWorkers: PageWorkers = { indexing: none, searching: async () => none };
