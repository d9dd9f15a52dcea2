/**
 * The packages that only a queue needs, loaded when one is used. Any version may be installed: one that does not fit is told here.
 */
import { IndexingError } from '../base/errors.js';

/** Rejects with `MissingPackage`, which names the command that installs both. */
export async function loadQueuePackages() {
  const [bullmq, ioredis] = await Promise.all([
    load('bullmq', () => import('bullmq')),
    load('ioredis', () => import('ioredis')),
  ]);
  const { Job, Queue, Worker, FlowProducer, UnrecoverableError } = bullmq;
  const isFit = [Queue, Worker, FlowProducer, UnrecoverableError].every((each) => typeof each === 'function');
  if (!isFit || typeof Job?.prototype.removeUnprocessedChildren !== 'function')
    throw missing('a newer version of the package bullmq');
  if (typeof ioredis.Redis !== 'function') throw missing('a newer version of the package ioredis');
  return { Queue, Worker, FlowProducer, UnrecoverableError, Redis: ioredis.Redis };
}

export type QueuePackages = Awaited<ReturnType<typeof loadQueuePackages>>;

async function load<T>(name: string, importIt: () => Promise<T>): Promise<T> {
  try {
    return await importIt();
  } catch (cause) {
    throw missing(`the package ${name}`, cause);
  }
}

function missing(what: string, cause?: unknown): IndexingError {
  const detail = `the queue needs ${what}; npm install bullmq ioredis`;
  return new IndexingError('MissingPackage', detail, cause === undefined ? {} : { cause });
}
