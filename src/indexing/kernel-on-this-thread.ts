/**
 * The kernel itself, on the calling thread: synchronous, one matrix at a time. It is for comparing backends, and for callers
 * that have threads of their own.
 *
 * A matrix from `allocate` is worked on where it lies. Any other is copied into working memory, and copied back where the
 * result belongs in it.
 */
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';
import { checkKernelChoice, compileKernel } from '../kernel/compile.js';
import { type CompiledKernel, instantiateKernel, type KernelBackend } from '../kernel/instantiate.js';
import type { KernelExports } from '../kernel/kernel-exports.js';
import { rejectionOf } from '../kernel/rejection.js';
import { createMatrixMemory, layOutMatrix, type MatrixLayout } from '../memory/matrix-memory.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import { checkMatrix, checkShape, type VectorMatrix } from '../vectors/vector-source.js';
import type { Rejection } from './run-records.js';

/** What a kernel is made with. */
export interface KernelOptions {
  /** Default `'auto'`: SIMD where the engine has it and answers a known question rightly, else JavaScript. */
  readonly backend?: 'auto' | KernelBackend | undefined;
}

/** How a matrix is processed. */
export interface ProcessOptions {
  /** Order of the components. Default `'sorted'`: ascending. */
  readonly order?: ComponentOrder | undefined;
  /** Whether the matrix itself receives the result. Default false: a matrix of its own does. */
  readonly inPlace?: boolean | undefined;
}

/** What the kernel made of a matrix. */
export interface ProcessedMatrix {
  /** Unit rows, count × dims; zeros where rejected. */
  readonly matrix: VectorMatrix;
  /** Float32Array, one magnitude for each row; NaN where rejected. */
  readonly magnitudes: Float32Array;
  /** Rows without a direction: all zeros, or with a component that is not finite. */
  readonly rejected: readonly Rejection[];
}

/** The kernel on the calling thread: synchronous, one matrix at a time. */
export interface Kernel {
  readonly backend: KernelBackend;
  /** A matrix of count × dims zeros that the kernel works on without copying. */
  allocate(count: number, dims: number): VectorMatrix;
  /** L2 norm of every row; NaN where a row is all zeros or not finite. The matrix stays as it is. */
  magnitudes(matrix: VectorMatrix): Float32Array;
  /** Scales every row of the matrix to unit length, in place. */
  normalize(matrix: VectorMatrix): ProcessedMatrix;
  /** Sorts the components of every row of the matrix ascending, in place, as `Float32Array.prototype.sort` does. */
  sort(matrix: VectorMatrix): void;
  /** Magnitude and unit length and, unless `order` is `'original'`, ascending components of every row. */
  process(matrix: VectorMatrix, options?: ProcessOptions): ProcessedMatrix;
}

/**
 * Compiles the kernel.
 *
 * Rejects with `IndexingError` `InvalidConfiguration` for an unknown backend, or one this engine cannot run. The methods
 * of the kernel throw it for what is no matrix, and `InsufficientMemory` beyond 4 GiB.
 *
 * @example
 * ```js
 * import { createKernel } from 'simdex/kernel';
 *
 * const kernel = await createKernel({ backend: 'simd' });
 * const matrix = kernel.allocate(1, 2);
 * matrix.data.set([3, 4]);
 * const { magnitudes } = kernel.process(matrix, { order: 'original', inPlace: true });
 * console.log(magnitudes[0], matrix.data); // 5 Float32Array(2) [ 0.6…, 0.8… ]
 * ```
 */
export async function createKernel(options: KernelOptions = {}): Promise<Kernel> {
  refuseUnknown('options', options, new Set(['backend']));
  checkKernelChoice('backend', options.backend);
  return new KernelOnThisThread(await compileKernel(options.backend ?? 'auto', { shared: false }));
}

/** A memory with a kernel bound to it, laid out for one matrix. */
interface Workspace {
  readonly buffer: ArrayBufferLike;
  readonly kernel: KernelExports;
  readonly layout: MatrixLayout;
}

class KernelOnThisThread implements Kernel {
  readonly backend: KernelBackend;
  readonly #kernel: CompiledKernel;
  readonly #allocated = new WeakMap<ArrayBufferLike, Workspace>();
  /** For matrices in other memory; replaced when one needs more. */
  #working: Omit<Workspace, 'layout'> | undefined;

  constructor(kernel: CompiledKernel) {
    this.backend = kernel.backend;
    this.#kernel = kernel;
  }

  allocate(count: number, dims: number): VectorMatrix {
    checkShape(count, dims);
    const layout = layOutMatrix([{ dims, count }], 1);
    const workspace = { ...this.#bind(layout.byteLength), layout };
    this.#allocated.set(workspace.buffer, workspace);
    return { data: new Float32Array(workspace.buffer, 0, count * dims), dims };
  }

  magnitudes(matrix: VectorMatrix): Float32Array {
    const count = checkMatrix('matrix', matrix);
    return this.#workOn(matrix, 'read', ({ kernel }, rows, magnitudes) => {
      kernel.magnitudes(rows, count, matrix.dims, magnitudes);
    }).magnitudes;
  }

  normalize(matrix: VectorMatrix): ProcessedMatrix {
    return this.process(matrix, { order: 'original', inPlace: true });
  }

  sort(matrix: VectorMatrix): void {
    const count = checkMatrix('matrix', matrix);
    this.#workOn(matrix, 'change', ({ kernel, layout }, rows) => {
      kernel.sort(rows, count, matrix.dims, layout.scratch);
    });
  }

  process(matrix: VectorMatrix, options: ProcessOptions = {}): ProcessedMatrix {
    refuseUnknown('options', options, new Set(['order', 'inPlace']));
    const { order = 'sorted', inPlace = false } = options;
    const count = checkMatrix('matrix', matrix);
    if (order !== 'sorted' && order !== 'original')
      throw invalidConfiguration('order', "'sorted' or 'original'", order);
    if (typeof inPlace !== 'boolean') throw invalidConfiguration('inPlace', 'true or false', inPlace);
    const target = inPlace ? matrix : this.allocate(count, matrix.dims);
    if (!inPlace) target.data.set(matrix.data);
    const { magnitudes } = this.#workOn(target, 'change', ({ kernel, layout }, rows, column) => {
      if (order === 'sorted') kernel.process(rows, count, target.dims, column, layout.scratch);
      else kernel.normalize(rows, count, target.dims, column);
    });
    return { matrix: target, magnitudes, rejected: listRejected(magnitudes) };
  }

  /** Calls `work` where the matrix lies, or with a copy of it that comes back when it was changed. */
  #workOn(
    matrix: VectorMatrix,
    access: 'read' | 'change',
    work: (workspace: Workspace, rows: number, magnitudes: number) => void,
  ): { magnitudes: Float32Array } {
    const { data, dims } = matrix;
    const own = holdsRows(this.#allocated.get(data.buffer), matrix);
    const workspace = own ?? this.#workspaceFor(data.length / dims, dims);
    const group = workspace.layout.groups[0]!;
    const copy = workspace === own ? undefined : new Float32Array(workspace.buffer, group.rows, data.length);
    copy?.set(data);
    work(workspace, copy ? group.rows : data.byteOffset, group.magnitudes);
    if (access === 'change' && copy) data.set(copy);
    return { magnitudes: new Float32Array(workspace.buffer, group.magnitudes, data.length / dims).slice() };
  }

  #workspaceFor(count: number, dims: number): Workspace {
    const layout = layOutMatrix([{ dims, count }], 1);
    if (!this.#working || this.#working.buffer.byteLength < layout.byteLength) {
      this.#working = this.#bind(layout.byteLength);
    }
    return { ...this.#working, layout };
  }

  #bind(byteLength: number): Omit<Workspace, 'layout'> {
    const { memory, buffer } = createMatrixMemory(byteLength, false);
    return { buffer, kernel: instantiateKernel(this.#kernel, memory) };
  }
}

/** The workspace if the matrix is rows of it, and not of what lies behind its rows. */
function holdsRows(workspace: Workspace | undefined, { data, dims }: VectorMatrix): Workspace | undefined {
  const group = workspace?.layout.groups[0];
  if (!group || group.dims !== dims || data.byteOffset % (4 * dims) !== 0) return undefined;
  return data.byteOffset + data.byteLength <= 4 * dims * group.count ? workspace : undefined;
}

function listRejected(magnitudes: Float32Array): Rejection[] {
  const rejected: Rejection[] = [];
  const bits = new Uint32Array(magnitudes.buffer, magnitudes.byteOffset, magnitudes.length);
  for (let index = 0; index < bits.length; index++) {
    const code = rejectionOf(bits[index]!);
    if (code) rejected.push({ index, code });
  }
  return rejected;
}
