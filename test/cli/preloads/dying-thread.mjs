/**
 * Given to Node by --import: one worker thread of the process exits, once, just after the kernel has overwritten some rows of a
 * batch. The environment variable DYING_THREAD_MARK names a file that it leaves.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const mark = process.env.DYING_THREAD_MARK;
/** Calls of the kernel before that: the thread is in the middle of a file. */
const CALLS = 40;

if (!isMainThread && mark) {
  let calls = 0;
  const { Instance } = WebAssembly;
  WebAssembly.Instance = new Proxy(Instance, {
    construct(_, args) {
      const { exports } = new Instance(...args);
      if (!exports.normalize) return { exports };
      const normalize = (...rows) => {
        const rejected = exports.normalize(...rows);
        if (++calls >= CALLS && !existsSync(mark)) {
          writeFileSync(mark, '');
          process.exit(3);
        }
        return rejected;
      };
      return { exports: { ...exports, normalize } };
    },
  });
}
