/**
 * Workers whose code is text: they start from a blob: URL, which is of the page's own origin.
 */
import type { WorkerStart } from './live-worker.js';

/** @param from what messages call it */
export function startOfCode(code: string, from: string): WorkerStart {
  return {
    create() {
      const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
      const worker = new Worker(url, { type: 'module' });
      // The worker keeps what it was started with; Safari needs the URL until it has begun to load.
      worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
      return worker;
    },
    from,
  };
}
