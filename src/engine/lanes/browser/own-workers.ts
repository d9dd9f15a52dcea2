/**
 * The workers that come with the library. The calls are written so that bundlers find the workers' files and copy them. The code of a worker
 * is loaded as text instead where its file is missing, and where this script is from another origin, since a page starts no worker from there.
 */
import { WorkerNotLoaded } from './live-worker.js';
import type { PageWorkers } from './platform.js';

export const ownWorkers: PageWorkers = {
  indexing: {
    create: () => {
      requireFiles();
      return new Worker(new URL('./worker.browser.js', import.meta.url), { type: 'module' });
    },
    from: `worker.browser.js, started by ${scriptUrl()}`,
    whereMissing: async () => (await inlineWorkers()).indexing,
    whereForeign: async () => (await inlineWorkers()).indexing,
  },
  searching: async () => ({
    create: () => {
      requireFiles();
      return new Worker(new URL('./search-worker.browser.js', import.meta.url), { type: 'module' });
    },
    from: `search-worker.browser.js, started by ${scriptUrl()}`,
    whereMissing: async () => (await inlineWorkers()).searching(),
    whereForeign: async () => (await inlineWorkers()).searching(),
  }),
};

async function inlineWorkers(): Promise<PageWorkers> {
  return (await import('./inline-workers.js')).inlineWorkers;
}

/** Vite's dev server copies packages to this folder without the files that they refer to, and warns when a page asks for one. */
function requireFiles(): void {
  if (scriptUrl().includes('/.vite/deps/'))
    throw new WorkerNotLoaded('the dev server of Vite has no file of the worker');
}

/** Where this very code came from. Bundlers put a path of the build machine in place of `import.meta.url`. */
function scriptUrl(): string {
  return /\w+:\/\/[^\s)]+?(?=:\d+:\d+)/.exec(String(new Error().stack))?.[0] ?? 'this page';
}
