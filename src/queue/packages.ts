/**
 * The packages that only a queue needs, loaded when one is used. Any version may be installed: one that does not fit is told here.
 */
import { createRequire } from 'node:module';
import { IndexingError } from '../base/errors.js';

/** Both are CommonJS: `import()` would read every one of their files twice, once only to see what it exports. */
const require = createRequire(import.meta.url);

/** @throws {IndexingError} `MissingPackage`, which names the command that installs both */
export function loadQueuePackages() {
  // First, since bullmq requires it too: the one that is missing is named.
  const ioredis = load<typeof import('ioredis')>('ioredis');
  const bullmq = load<typeof import('bullmq')>('bullmq');
  const { Job, Queue, Worker, FlowProducer, UnrecoverableError } = bullmq;
  const isFit = [Queue, Worker, FlowProducer, UnrecoverableError].every((each) => typeof each === 'function');
  if (!isFit || typeof Job?.prototype.removeUnprocessedChildren !== 'function')
    throw missing('a newer version of the package bullmq');
  if (typeof ioredis.Redis !== 'function') throw missing('a newer version of the package ioredis');
  return { Queue, Worker, FlowProducer, UnrecoverableError, Redis: ioredis.Redis };
}

export type QueuePackages = ReturnType<typeof loadQueuePackages>;

function load<T extends object>(name: string): T {
  try {
    return require(name) as T;
  } catch (cause) {
    throw missing(`the package ${name}`, cause);
  }
}

function missing(what: string, cause?: unknown): IndexingError {
  const detail = `the queue needs ${what}; npm install bullmq ioredis`;
  return new IndexingError('MissingPackage', detail, cause === undefined ? {} : { cause });
}
