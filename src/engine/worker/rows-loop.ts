/**
 * What a lane does to rows of an index: those that come in get their magnitudes, their unit length and their int8 copy; those that
 * move are copied with all of that. Only the lane that has a block writes its rows.
 */
import { type CompiledKernel, instantiateKernel, type KernelMemory } from '../../kernel/instantiate.js';
import type { KernelExports } from '../../kernel/kernel-exports.js';
import { instantiateSearchKernel } from '../../kernel/search/instantiate-search-kernel.js';
import type { SearchKernelExports } from '../../kernel/search/search-kernel.js';
import { codeCount, FACTOR_BYTES } from '../../kernel/search/search-kernel.js';
import { UnitControl } from '../../memory/control-block.js';
import { rowBytes } from '../../memory/segment-layout.js';
import type { MoveTask, RowSettling, RowsTask, SegmentPlace } from './rows-task.js';
import type { UnitWork } from './unit-work.js';

/** Components between two looks at the stop word: a fraction of a millisecond. */
const SLICE_COMPONENTS = 2 ** 17;

/** Both kernels on the memory of a segment. */
export interface RowKernels {
  readonly indexing: KernelExports;
  readonly search: SearchKernelExports;
  /** Float32Array: all of the memory. */
  readonly floats: Float32Array;
}

export function openRowKernels(indexing: CompiledKernel, search: CompiledKernel, memory: KernelMemory): RowKernels {
  return {
    indexing: instantiateKernel(indexing, memory),
    search: instantiateSearchKernel(search, memory),
    floats: new Float32Array(memory.buffer),
  };
}

/**
 * Makes of components that were written what the index keeps of them: the rows themselves, their halves, or their codes. A row that cannot be kept
 * has a reason for a magnitude.
 */
export function settleRows(
  { indexing, search, floats }: RowKernels,
  place: Pick<SegmentPlace, 'magnitudes' | 'int8' | 'halves'>,
  { dims, operation, precision, unit, isKept }: RowSettling,
  first: number,
  count: number,
): void {
  const { int8 } = place;
  const rows = first * dims * 4;
  const magnitudes = place.magnitudes + first * 4;
  if (!int8) {
    indexing[operation](rows, count, dims, magnitudes);
    return;
  }
  const halves = (place.halves ?? 0) + first * dims * 2;
  const codes = int8.codes + first * codeCount(dims);
  const factors = int8.factors + first * FACTOR_BYTES;
  if (isKept && precision === 'float16') search.widen(halves, count * dims, rows);
  if (isKept && precision === 'int8') {
    for (let i = 0; i < count; i++) {
      const scale = floats[(factors + i * FACTOR_BYTES) / 4]!;
      search.widenCodes(codes + i * codeCount(dims), dims, scale, rows + i * dims * 4);
    }
  }
  indexing[operation](rows, count, dims, magnitudes);
  if (precision === 'float16') {
    if (!isKept) search.narrow(rows, count, dims, halves, magnitudes);
    // Codes are those of unit rows. Where factors are about to be, there is room for magnitudes that nobody asks for.
    if (unit) indexing.normalize(rows, count, dims, factors);
    else if (!isKept) {
      for (let i = 0; i < count; i++) {
        if (Number.isNaN(floats[magnitudes / 4 + i])) continue;
        indexing.magnitudes(rows + i * dims * 4, 1, dims, magnitudes + i * 4);
      }
    }
  }
  if (!(isKept && precision === 'int8')) search.quantize(rows, count, dims, codes, factors);
  if (precision === 'int8') search.keepCodes(codes, count, dims, factors, magnitudes, unit ? 1 : 0);
}

/** The work of rows that come in. */
export function settleIncomingRows(task: RowsTask, kernelsOf: (segment: SegmentPlace) => RowKernels): UnitWork {
  const { settling, segments, source, thread } = task;
  const { dims } = settling;
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
      settleRows(kernels, place, settling, first + done, some);
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
  const copy = (source: number, destination: number, size: number) => {
    const bytes = new Uint8Array(from.memory.buffer, source + first * size, count * size);
    new Uint8Array(to.memory.buffer, destination + target * size, count * size).set(bytes);
  };
  copy(0, 0, rowBytes(to.form, dims));
  copy(from.magnitudes, to.magnitudes, 4);
  if (!from.int8 || !to.int8) return;
  copy(from.int8.codes, to.int8.codes, codeCount(dims));
  copy(from.int8.factors, to.int8.factors, FACTOR_BYTES);
}
