/**
 * Parts of batches that were sent to a thread, indexed on memory of its own.
 */
import { type CompiledKernel, instantiateKernel } from '../../kernel/instantiate.js';
import type { KernelExports } from '../../kernel/kernel-exports.js';
import { createMemory, type MatrixMemory } from '../../memory/create-memory.js';
import { indexPart, layOutPart } from './part.js';
import type { PartAnswer, PartTask } from './task.js';

/** The memory in which a thread indexes parts that were sent to it; kept from part to part. */
export class PartWorkspace {
  #memory: MatrixMemory | undefined;
  #bound: { readonly kernel: CompiledKernel; readonly exports: KernelExports } | undefined;

  /** Indexes the part in `task.bytes`; the answer has the same bytes, for sending back. */
  index({ kernel, part, bytes }: PartTask): PartAnswer {
    const layout = layOutPart(part);
    const { rows, magnitudes } = layout.groups[0]!;
    const { memory, exports } = this.#bind(kernel, layout.byteLength);
    const here = new Uint8Array(memory.buffer, 0, layout.scratch);
    here.set(new Uint8Array(bytes, 0, layout.scratch));
    const record = indexPart(exports, part, { rows, magnitudes, scratch: layout.scratch });
    new Uint8Array(bytes).set(here);
    return { ...record, bytes };
  }

  #bind(kernel: CompiledKernel, byteLength: number): { memory: MatrixMemory; exports: KernelExports } {
    if (!this.#memory || this.#memory.buffer.byteLength < byteLength) {
      this.#memory = createMemory(byteLength, false);
      this.#bound = undefined;
    }
    if (this.#bound?.kernel !== kernel) {
      this.#bound = { kernel, exports: instantiateKernel(kernel, this.#memory.memory) };
    }
    return { memory: this.#memory, exports: this.#bound!.exports };
  }
}
