/**
 * The worker that comes with the library. The call is written so that bundlers find the file and take it along. Where one did
 * not, such as Vite's dev server, which moves dependencies without the files they refer to, its code is loaded as text.
 */
import type { WorkerStart } from './live-worker.js';

export const ownWorker: WorkerStart = {
  create: () => new Worker(new URL('./worker.browser.js', import.meta.url), { type: 'module' }),
  from: `worker.browser.js, started by ${scriptUrl()}`,
  whereMissing: async () => (await import('./inline-worker.js')).inlineWorker,
};

/** Where this very code came from. Bundlers put a path of the build machine in place of `import.meta.url`. */
function scriptUrl(): string {
  return /\w+:\/\/[^\s)]+?(?=:\d+:\d+)/.exec(String(new Error().stack))?.[0] ?? 'this page';
}
