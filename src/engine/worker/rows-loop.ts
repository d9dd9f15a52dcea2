/**
 * What a lane does to rows of an index: those that come in get their magnitudes, their unit length and their int8 copy; those that
 * move are copied with all of that. Only the lane that has a block writes its rows.
 */
import { type CompiledKernel, instantiateKernel, type KernelMemory } from '../../kernel/instantiate.js';
import type { KernelExports } from '../../kernel/kernel-exports.js';
import { instantiateSearchKernel } from '../../kernel/search/instantiate-search-kernel.js';
import { codeCount, FACTOR_BYTES } from '../../kernel/search/int8-bound.js';
import type { Int8ScanExports, SearchKernelExports } from '../../kernel/search/search-kernel.js';
import { UnitControl } from '../../memory/unit-control.js';
import type { MoveTask, RowOperation, RowsTask, SegmentPlace } from './rows-task.js';
import type { UnitWork } from './unit-work.js';

/** Components between two looks at the stop word: a fraction of a millisecond. */
const SLICE_COMPONENTS = 2 ** 17;

/** Both kernels on the memory of a segment. */
export interface RowKernels {
  readonly indexing: KernelExports;
  readonly search: SearchKernelExports & Partial<Int8ScanExports>;
}

export function openRowKernels(indexing: CompiledKernel, search: CompiledKernel, memory: KernelMemory): RowKernels {
  return { indexing: instantiateKernel(indexing, memory), search: instantiateSearchKernel(search, memory) };
}

/** Makes of components that were written what the index keeps of them. A row that cannot be kept has a reason for a magnitude. */
export function settleRows(
  { indexing, search }: RowKernels,
  { magnitudes, int8 }: Pick<SegmentPlace, 'magnitudes' | 'int8'>,
  dims: number,
  operation: RowOperation,
  first: number,
  count: number,
): void {
  const rows = first * dims * 4;
  indexing[operation](rows, count, dims, magnitudes + first * 4);
  if (int8)
    search.quantize?.(rows, count, dims, int8.codes + first * codeCount(dims), int8.factors + first * FACTOR_BYTES);
}

/** The work of rows that come in. */
export function bringIn(task: RowsTask, kernelsOf: (segment: SegmentPlace) => RowKernels): UnitWork {
  const { dims, operation, segments, source, thread } = task;
  const control = new UnitControl(task.control);
  const most = Math.max(1, Math.floor(SLICE_COMPONENTS / dims));

  function* slices(unit: number): Generator<void, void, void> {
    const [segment, first, count, sourceRow] = wordsOf(control, unit);
    const place = segments[segment]!;
    const kernels = kernelsOf(place);
    for (let done = 0; done < count; done += most) {
      if (done > 0) yield;
      const some = Math.min(most, count - done);
      if (source) {
        const from = source.byteOffset + (sourceRow + done) * dims * 4;
        const rows = new Float32Array(place.memory.buffer, (first + done) * dims * 4, some * dims);
        rows.set(new Float32Array(source.buffer, from, some * dims));
      }
      settleRows(kernels, place, dims, operation, first + done, some);
    }
    control.recordDone(unit, thread);
  }

  return { slices };
}

/** The work of rows that move. */
export function moveRows({ dims, from, to, kept, thread, ...task }: MoveTask): UnitWork {
  const control = new UnitControl(task.control);
  const most = Math.max(1, Math.floor(SLICE_COMPONENTS / dims));

  function* slices(unit: number): Generator<void, void, void> {
    const [segment, first, count] = wordsOf(control, unit);
    const rows = new Uint32Array(kept, 4 * first, count);
    for (let done = 0; done < count; ) {
      if (done > 0) yield;
      const limit = Math.min(done + most, count);
      while (done < limit) {
        // Rows that follow each other are copied at once.
        let end = done + 1;
        while (end < limit && rows[end] === rows[end - 1]! + 1) end++;
        moveSpan(dims, from[segment]!, rows[done]!, to, first + done, end - done);
        done = end;
      }
    }
    control.recordDone(unit, thread);
  }

  return { slices };
}

function wordsOf(control: UnitControl, unit: number): [number, number, number, number] {
  return [control.word(unit, 0), control.word(unit, 1), control.word(unit, 2), control.word(unit, 3)];
}

function moveSpan(dims: number, from: SegmentPlace, first: number, to: SegmentPlace, target: number, count: number) {
  const copy = (source: number, destination: number, rowBytes: number) => {
    const bytes = new Uint8Array(from.memory.buffer, source + first * rowBytes, count * rowBytes);
    new Uint8Array(to.memory.buffer, destination + target * rowBytes, count * rowBytes).set(bytes);
  };
  copy(0, 0, 4 * dims);
  copy(from.magnitudes, to.magnitudes, 4);
  if (!from.int8 || !to.int8) return;
  copy(from.int8.codes, to.int8.codes, codeCount(dims));
  copy(from.int8.factors, to.int8.factors, FACTOR_BYTES);
}
