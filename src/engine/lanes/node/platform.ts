/** Node: worker threads through tinypool, no bound on memory. */
import * as searchKernel from '../../../kernel/search/compile-search-kernel.js';
import type { Platform } from '../platform.js';
import { availableThreads } from './available-threads.js';
import { collectGarbage } from './collect-garbage.js';
import { ownWorker } from './own-worker.js';
import { createTinypoolPool } from './tinypool-pool.js';

export const nodePlatform: Platform = {
  availableThreads,
  cpuTimeMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  sharesMemory: true,
  workersSearch: true,
  takesWorkerFactory: false,
  async createPool({ threads, worker = ownWorker() }) {
    if (typeof worker === 'function') throw new Error('worker threads start from a URL');
    return createTinypoolPool(threads, worker);
  },
  loadSearchKernel: async () => searchKernel,
  maxMemoryBytes: Number.POSITIVE_INFINITY,
  collectGarbage,
};
