/**
 * Parts of batches, where threads do not share the run's memory.
 */

import { nowMs } from '../../base/time.js';
import { type CompiledKernel, instantiateKernel } from '../../kernel/instantiate.js';
import type { KernelExports } from '../../kernel/kernel-exports.js';
import { applyKernel, type PlacedRows } from '../../kernel/kernel-exports.js';
import { createMemory, type MatrixMemory } from '../../memory/create-memory.js';
import { layOutMatrix } from '../../memory/matrix-memory.js';
import type { Part, PartAnswer, PartRecord, PartTask } from './task.js';

/** Indexes the rows of a part where they lie, one timing group after another. */
function indexPart(kernel: KernelExports, part: Part, placed: Omit<PlacedRows, 'count' | 'dims'>): PartRecord {
  const { count, dims, sliceRows, operation, timed } = part;
  const timings = new Float32Array(timed ? Math.ceil(count / sliceRows) : 0);
  const startedAtMs = timed ? nowMs() : 0;
  let sliceStart = timed ? performance.now() : 0;
  let rejected = 0;
  for (let first = 0, slice = 0; first < count; first += sliceRows, slice++) {
    rejected += applyKernel(kernel, operation, {
      rows: placed.rows + first * dims * 4,
      count: Math.min(sliceRows, count - first),
      dims,
      magnitudes: placed.magnitudes + first * 4,
      scratch: placed.scratch,
    });
    if (timed) {
      const sliceEnd = performance.now();
      timings[slice] = Math.round((sliceEnd - sliceStart) * 1e6);
      sliceStart = sliceEnd;
    }
  }
  return { startedAtMs, endedAtMs: timed ? nowMs() : 0, rejected, timings };
}

/** Bytes of a part's rows and magnitudes, and where among them the magnitudes are. */
export function layOutPart({ count, dims }: Pick<Part, 'count' | 'dims'>) {
  return layOutMatrix([{ dims, count }], 1);
}

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
