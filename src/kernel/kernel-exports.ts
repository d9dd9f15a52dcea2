/**
 * What every backend of the kernel offers: functions of one memory that take byte addresses and sizes. Rows are dense
 * (row `i` starts at `rows + 4 × dims × i`) and need not be aligned; magnitudes are one float32 per row. Nothing is kept
 * between calls, so any number of threads may work on one memory as long as their rows, magnitudes and scratch differ.
 *
 * A row that cannot be indexed gets a status instead of a magnitude (see rejection.ts) and its components become zeros.
 */
export interface KernelExports {
  /** Writes the magnitudes, leaves the rows alone. Returns the number of rejected rows. */
  magnitudes(rows: number, count: number, dims: number, magnitudes: number): number;
  /** Writes the magnitudes and normalises the rows in place. Returns the number of rejected rows. */
  normalize(rows: number, count: number, dims: number, magnitudes: number): number;
  /** Sorts the components of each row in place, in the order of `Float32Array.prototype.sort`. */
  sort(rows: number, count: number, dims: number, scratch: number): void;
  /** `normalize`, then `sort`. */
  process(rows: number, count: number, dims: number, magnitudes: number, scratch: number): number;
}

/** One of the kernel's functions. */
export type KernelOperation = keyof KernelExports;

/**
 * Bytes of scratch a thread needs to sort rows of `dims` components; 64-byte aligned, one region per thread. With SIMD
 * one scratch row of four keys per component and up to a third more for fill, behind a header; without SIMD 4 KiB of
 * counters and one row.
 */
export function scratchBytes(dims: number): number {
  return 4096 + 64 * Math.ceil(dims / 3);
}

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
