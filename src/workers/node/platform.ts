/** Node: worker threads through tinypool, no bound on memory. */
import type { Platform } from '../platform.js';
import { availableThreads } from './available-threads.js';
import { collectGarbage } from './collect-garbage.js';
import { createTinypoolPool } from './tinypool-pool.js';

export const nodePlatform: Platform = {
  availableThreads,
  cpuTimeMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  createPool(threadCount, worker) {
    return createTinypoolPool(threadCount, worker ?? new URL('./worker.node.js', import.meta.url));
  },
  maxMemoryBytes: Number.POSITIVE_INFINITY,
  collectGarbage,
};
