/**
 * The kernel itself on the calling thread: one call for all vectors of a part.
 */
import { type CompiledKernel, instantiateKernel } from '../../src/kernel/instantiate.js';
import { layOutMatrix } from '../../src/memory/matrix-memory.js';
import type { MemoryPool } from '../../src/memory/memory-pool.js';
import { type KernelOperationName, kernelOperations } from './cases.js';
import type { DataSet } from './data-set.js';
import type { Subject } from './subject.js';

export function createKernelSubject(
  kernel: CompiledKernel,
  operation: KernelOperationName,
  set: DataSet,
  memories: MemoryPool,
): Subject {
  const { dims, vectorsPerPart, parts, components } = set;
  const layout = layOutMatrix([{ dims, count: parts * vectorsPerPart }], 1);
  const memory = memories.acquire(layout.byteLength);
  const { rows, magnitudes } = layout.groups[0]!;
  const exports = instantiateKernel(kernel, memory.memory);
  const name = kernelOperations[operation];
  const rowsOf = (part: number) => rows + part * components.byteLength;
  const magnitudesOf = (part: number) => magnitudes + 4 * part * vectorsPerPart;
  const rowsIn = (part: number) => new Float32Array(memory.buffer, rowsOf(part), components.length);
  return {
    parts,
    vectorsPerPart,
    run(part) {
      if (name === 'sort') exports.sort(rowsOf(part), vectorsPerPart, dims, layout.scratch);
      else exports[name](rowsOf(part), vectorsPerPart, dims, magnitudesOf(part), layout.scratch);
      return undefined;
    },
    restore: (part) => rowsIn(part).set(components),
    output: (part) => ({
      rows: rowsIn(part),
      magnitudes: name === 'sort' ? undefined : new Float32Array(memory.buffer, magnitudesOf(part), vectorsPerPart),
    }),
    dispose: () => memories.release(memory),
  };
}
