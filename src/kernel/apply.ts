/**
 * A kernel function chosen by name.
 */
import type { KernelExports, KernelOperation } from './kernel-exports.js';

/** Dense rows in a kernel's memory; offsets are bytes. */
export interface PlacedRows {
  readonly rows: number;
  readonly count: number;
  readonly dims: number;
  readonly magnitudes: number;
  /** `scratchBytes(dims)` that nobody else uses meanwhile. */
  readonly scratch: number;
}

/** Does `operation` to every row; returns the number of rejected ones. */
export function applyKernel(kernel: KernelExports, operation: KernelOperation, placed: PlacedRows): number {
  const { rows, count, dims, magnitudes, scratch } = placed;
  switch (operation) {
    case 'process':
      return kernel.process(rows, count, dims, magnitudes, scratch);
    case 'normalize':
      return kernel.normalize(rows, count, dims, magnitudes);
    case 'magnitudes':
      return kernel.magnitudes(rows, count, dims, magnitudes);
    case 'sort':
      // Any row can be sorted: none is rejected, so nobody looks for reasons in the magnitudes, which stay as they were.
      kernel.sort(rows, count, dims, scratch);
      return 0;
  }
}
