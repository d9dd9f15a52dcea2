/**
 * The packages that only a server needs, loaded when one is made.
 */
import { IndexingError } from '../base/errors.js';

/**
 * Rejects with `MissingPackage`, which names the command that installs both.
 */
export async function loadServerPackages() {
  const [fastify, lmdb] = await Promise.all([
    load('fastify', () => import('fastify')),
    load('lmdb', () => import('lmdb')),
  ]);
  return { fastify, lmdb };
}

async function load<T>(name: string, importIt: () => Promise<T>): Promise<T> {
  try {
    return await importIt();
  } catch (cause) {
    const detail = `the server needs the package ${name}; npm install fastify lmdb`;
    throw new IndexingError('MissingPackage', detail, { cause });
  }
}
