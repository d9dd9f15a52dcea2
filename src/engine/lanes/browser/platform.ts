/**
 * Pages: Web Workers; shared memory where the page is cross-origin isolated; at most 1 GiB unless asked for more.
 */
import { invalidConfiguration } from '../../../base/errors.js';
import type { Platform, WorkerChoice } from '../platform.js';
import type { WorkerStart } from './live-worker.js';
import { startOfCode } from './live-worker.js';
import { createWebWorkerPool } from './web-worker-pool.js';

const MAX_THREADS = 8;

/** How the workers that come with the library are started. */
export interface PageWorkers {
  readonly indexing: WorkerStart;
  /** Workers that can search, too. They are made when the first one is wanted. */
  searching(): Promise<WorkerStart>;
}

export function createBrowserPlatform(own: PageWorkers): Platform {
  return {
    // One core stays with the page.
    availableThreads: () => Math.max(1, Math.min(MAX_THREADS, (globalThis.navigator?.hardwareConcurrency || 2) - 1)),
    // Memory.shared without isolation can be made in some browsers, but not posted.
    sharesMemory: globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === 'function',
    // WebKitGTK has isolated pages without it.
    whyNotShared: globalThis.crossOriginIsolated
      ? 'No SharedArrayBuffer, though the page is cross-origin isolated'
      : 'No cross-origin isolation',
    workersSearch: false,
    takesWorkerFactory: true,
    async createPool(options) {
      const { worker, kernels } = options;
      const start = worker ? startOf(worker) : kernels.searchKernel ? await own.searching() : own.indexing;
      return createWebWorkerPool(start, options);
    },
    loadSearchKernel: () => import('../../../kernel/search/compile-search-kernel.js'),
    maxMemoryBytes: 2 ** 30,
    collectGarbage,
  };
}

function startOf(worker: WorkerChoice): WorkerStart {
  if (typeof worker !== 'function') {
    return {
      create: () => new Worker(worker, { type: 'module' }),
      from: String(worker),
      whereForeign: async () => importing(new URL(worker, globalThis.location?.href).href),
    };
  }
  const create = () => {
    const made = worker();
    if (!(made instanceof Worker)) throw invalidConfiguration('worker', 'a function that gives a Worker', made);
    return made;
  };
  return { create, from: 'from the function given as the option worker' };
}

/** A worker of this origin that imports the module, which its server must allow (CORS). */
function importing(url: string): WorkerStart {
  return startOfCode(`import ${JSON.stringify(url)};`, `${url}, imported by a blob: URL`);
}

/** Pages cannot ask for a collection; but engines collect by themselves when much memory is asked for. */
async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
}
