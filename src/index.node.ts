/**
 * simdex for Node: worker threads through tinypool.
 */
import { nodePlatform } from './workers/node/platform.js';
import { bindPlatform } from './workers/platform.js';

bindPlatform(nodePlatform);

export { IndexingError, type IndexingErrorCode, type RowRange } from './errors.js';
export type { AllocatedMatrix } from './indexing/allocations.js';
export type { BatchResult } from './indexing/batch-result.js';
export type { IndexedVectors, ProcessedVector } from './indexing/indexed-vectors.js';
export type { IndexingResult } from './indexing/indexing-result.js';
export type { IndexerLogger, IndexerOptions, IndexOptions } from './indexing/options.js';
export { type Backend, ParallelIndexer } from './indexing/parallel-indexer.js';
export type { IndexingProgress, ThreadProgress } from './indexing/progress.js';
export type { Rejection } from './indexing/rejections.js';
export type { ComponentOrder, VectorMatrix, VectorSource } from './vectors/vector-source.js';
