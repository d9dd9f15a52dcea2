/**
 * The packages that only a server needs, loaded when one is made.
 */
import { createRequire } from 'node:module';
import { IndexingError } from '../base/errors.js';

/**
 * Rejects with `MissingPackage`, which names the command that installs both, or the version that fits.
 */
export async function loadServerPackages() {
  // In half the time of an import, which has Node look through all that a CommonJS module exports.
  const require = createRequire(import.meta.url);
  const fastify = await load('fastify', () => require('fastify') as typeof import('fastify'));
  const { version } = require('fastify/package.json') as { readonly version: string };
  refuseOldFastify(version);
  const lmdb = await load('lmdb', () => import('lmdb'));
  return { fastify, lmdb };
}

/** Any version may be installed beside simdex; one that does not fit is told when it is needed. */
export function refuseOldFastify(version: string): void {
  if (Number.parseInt(version, 10) >= 5) return;
  const detail = `the server needs fastify 5 or newer, and ${version} is installed; npm install fastify@latest`;
  throw new IndexingError('MissingPackage', detail);
}

async function load<T>(name: string, loadIt: () => Promise<T> | T): Promise<T> {
  try {
    return await loadIt();
  } catch (cause) {
    const detail = `the server needs the package ${name}; npm install fastify lmdb`;
    throw new IndexingError('MissingPackage', detail, { cause });
  }
}
