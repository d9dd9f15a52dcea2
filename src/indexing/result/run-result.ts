/**
 * The result of a run on threads. If the run was alone in its memory, its vectors are views on that memory. If it was done
 * together with others, its vectors are copied, so that a result which is kept does not keep the others' memory.
 */
import { turnBeforeAnswer } from '../../base/time.js';
import type { MatrixLayout } from '../../memory/matrix-memory.js';
import type { IndexingCall } from '../indexing-call.js';
import type { RunRecords } from '../run-records.js';
import type { ResultInput } from './indexing-result.js';

export async function resultOfRun(records: RunRecords, call: IndexingCall): Promise<ResultInput> {
  const { source, options } = call;
  const release = call.job!.releaseOf(call);
  const input = { positions: source.order, order: options.order };
  if (call.job!.calls === 1) return { ...input, records, release };
  const turn = turnBeforeAnswer(performance.now());
  if (turn) await turn;
  const own = copyOut(records);
  release();
  return { ...input, records: own, release: undefined };
}

function copyOut(records: RunRecords): RunRecords {
  const { layout, control, buffer } = records;
  const { first, end } = layout;
  // Made from an array, it is not filled with zeros first.
  const copy = new Float32Array(new Float32Array(buffer, first, (end - first) / 4));
  return { ...records, control: control.from(first), layout: layoutFrom(layout, first), buffer: copy.buffer };
}

function layoutFrom(layout: MatrixLayout, base: number): MatrixLayout {
  const groups = layout.groups.map((group) => ({
    ...group,
    rows: group.rows - base,
    magnitudes: group.magnitudes - base,
  }));
  const end = layout.end - base;
  return { groups, first: 0, end, scratch: end, scratchStride: 0, byteLength: end };
}
