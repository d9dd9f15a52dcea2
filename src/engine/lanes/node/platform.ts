/**
 * Node: worker threads through tinypool, no bound on memory, and its collector of garbage.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as searchKernel from '../../../kernel/search/compile-search-kernel.js';
import type { Platform } from '../platform.js';
import { WorkersUnavailable } from '../worker-pool.js';
import { availableThreads } from './available-threads.js';
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

/** V8 calls the finalizers of one registry in a turn, from the one after the next on; the library has fewer registries. */
const TURNS = 16;

let collect: (() => void) | undefined;

/**
 * Asks the engine to collect garbage now. For the moment when a bound on memory is reached: only a collection can tell whether the memory of
 * forgotten results still counts. Resolves when what could be collected is, and finalizers have run. Holds the thread for some milliseconds.
 */
async function collectGarbage(): Promise<void> {
  collect ??= collectorOfBun() ?? collectorOfV8();
  collect();
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function collectorOfV8(): () => void {
  // A new context gets the function `gc` when the flag is set; the flag need not stay set.
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return gc;
}

/** Bun's engine knows no flags of V8. */
function collectorOfBun(): (() => void) | undefined {
  const { Bun } = globalThis as { readonly Bun?: { gc(sync: boolean): void } };
  return Bun && (() => Bun.gc(true));
}

const FILE = './worker.node.js';
const REMEDY =
  'simdex was bundled, and threads cannot start from the bundle; mark the package simdex as external ' +
  '(esbuild: --external:simdex, webpack and rollup: externals, Next: serverExternalPackages)';

let isTold = false;

/**
 * The worker module that comes with the library. It lies beside it, unless a bundler made one file of a program and all it imports: then there is
 * nothing that threads could start from, and the program is told what to do about it.
 *
 * @throws {WorkersUnavailable} in a bundle; the process is warned once, since the calling thread does all the work then
 */
function ownWorker(): URL {
  // In a CommonJS bundle, code does not know its own URL.
  const base: string | undefined = import.meta.url;
  const worker = base && new URL(FILE, base);
  if (worker && existsSync(fileURLToPath(worker))) return worker;
  if (!isTold)
    process.emitWarning(`${REMEDY}. Until then the calling thread does all the work.`, { code: 'SIMDEX_BUNDLED' });
  isTold = true;
  throw new WorkersUnavailable(REMEDY);
}
