/**
 * simdex/bullmq: indexing by many machines, through a queue in Redis. For Node.
 */
export { IndexingError, type IndexingErrorCode, type IndexingErrorDetails, type RowRange } from './base/errors.js';
export {
  cancelDistribution,
  type DistributeOptions,
  type DistributeResult,
  distribute,
} from './queue/distribute.js';
export type { QueueLogger } from './queue/logger.js';
export type { RunProgress, WorkerProgress } from './queue/run-progress.js';
export { createWorker, type QueueWorker, type QueueWorkerOptions } from './queue/worker.js';
