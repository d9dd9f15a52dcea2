/**
 * The workers that come with the library. The calls are written so that bundlers find the files and take them along. Where one did
 * not, such as Vite's dev server, which moves dependencies without the files they refer to, its code is loaded as text. So it is where this
 * script is from another origin, whose files start no workers of the page.
 */
import type { PageWorkers } from './platform.js';

export const ownWorkers: PageWorkers = {
  indexing: {
    create: () => new Worker(new URL('./worker.browser.js', import.meta.url), { type: 'module' }),
    from: `worker.browser.js, started by ${scriptUrl()}`,
    whereMissing: async () => (await inlineWorkers()).indexing,
    whereForeign: async () => (await inlineWorkers()).indexing,
  },
  searching: async () => ({
    create: () => new Worker(new URL('./search-worker.browser.js', import.meta.url), { type: 'module' }),
    from: `search-worker.browser.js, started by ${scriptUrl()}`,
    whereMissing: async () => (await inlineWorkers()).searching(),
    whereForeign: async () => (await inlineWorkers()).searching(),
  }),
};

async function inlineWorkers(): Promise<PageWorkers> {
  return (await import('./inline-workers.js')).inlineWorkers;
}

/** Where this very code came from. Bundlers put a path of the build machine in place of `import.meta.url`. */
function scriptUrl(): string {
  return /\w+:\/\/[^\s)]+?(?=:\d+:\d+)/.exec(String(new Error().stack))?.[0] ?? 'this page';
}
