/**
 * The worker module that comes with the library. It lies beside it, unless a bundler made one file of a program and all it imports: then
 * there is nothing that threads could start from, and the program is told what to do about it.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WorkersUnavailable } from '../worker-pool.js';

const FILE = './worker.node.js';
const REMEDY =
  'simdex was bundled, and threads cannot start from the bundle; mark the package simdex as external ' +
  '(esbuild: --external:simdex, webpack and rollup: externals, Next: serverExternalPackages)';

let isTold = false;

/** @throws {WorkersUnavailable} in a bundle; the process is warned once, since the calling thread does all the work then */
export function ownWorker(): URL {
  // In a CommonJS bundle, code does not know its own URL.
  const base: string | undefined = import.meta.url;
  const worker = base && new URL(FILE, base);
  if (worker && existsSync(fileURLToPath(worker))) return worker;
  if (!isTold)
    process.emitWarning(`${REMEDY}. Until then the calling thread does all the work.`, { code: 'SIMDEX_BUNDLED' });
  isTold = true;
  throw new WorkersUnavailable(REMEDY);
}
