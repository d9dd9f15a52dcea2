/**
 * The packages that only a server needs, loaded when one is made.
 */
import { createRequire } from 'node:module';
import { IndexingError } from '../base/errors.js';

/**
 * Rejects with `MissingPackage`, which names the command that installs both, or the version that fits.
 */
export async function loadServerPackages() {
  const [fastify, lmdb] = await Promise.all([
    load('fastify', () => import('fastify')),
    load('lmdb', () => import('lmdb')),
  ]);
  const { version } = createRequire(import.meta.url)('fastify/package.json') as { readonly version: string };
  refuseOldFastify(version);
  return { fastify, lmdb };
}

/** Any version may be installed beside simdex; one that does not fit is told when it is needed. */
export function refuseOldFastify(version: string): void {
  if (Number.parseInt(version, 10) >= 5) return;
  const detail = `the server needs fastify 5 or newer, and ${version} is installed; npm install fastify@latest`;
  throw new IndexingError('MissingPackage', detail);
}

async function load<T>(name: string, importIt: () => Promise<T>): Promise<T> {
  try {
    return await importIt();
  } catch (cause) {
    const detail = `the server needs the package ${name}; npm install fastify lmdb`;
    throw new IndexingError('MissingPackage', detail, { cause });
  }
}
