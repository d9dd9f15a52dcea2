/**
 * simdex/kernel: the kernel on the calling thread, on every platform.
 */
export { IndexingError, type IndexingErrorCode, type IndexingErrorDetails, type RowRange } from './base/errors.js';
export {
  createKernel,
  type Kernel,
  type KernelOptions,
  type ProcessedMatrix,
  type ProcessOptions,
} from './indexing/kernel-on-this-thread.js';
export type { Rejection } from './indexing/run-records.js';
export type { KernelBackend } from './kernel/instantiate.js';
export type { RejectionCode } from './kernel/rejection.js';
export type { ComponentOrder, VectorMatrix } from './vectors/vector-source.js';
