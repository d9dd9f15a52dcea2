/**
 * What one would write without simdex: plain JavaScript on ordinary Float32Arrays, one per vector. The same loops on
 * shared memory would be slower, and no fair baseline.
 */
import type { KernelOperationName } from './cases.js';
import type { DataSet } from './data-set.js';
import type { Subject } from './subject.js';

export function createJavaScriptSubject(operation: KernelOperationName, set: DataSet): Subject {
  const { dims, vectorsPerPart, parts, components } = set;
  const magnitudes = new Float32Array(vectorsPerPart);
  const partComponents = Array.from({ length: parts }, () => new Float32Array(components.length));
  const partRows = partComponents.map((all) =>
    Array.from({ length: vectorsPerPart }, (_, i) => all.subarray(i * dims, (i + 1) * dims)),
  );
  const work = WORK[operation];
  return {
    parts,
    vectorsPerPart,
    run(part) {
      work(partRows[part]!, magnitudes);
      return undefined;
    },
    restore: (part) => partComponents[part]!.set(components),
    output: (part) => ({
      rows: partComponents[part]!,
      magnitudes: operation === 'sort' ? undefined : magnitudes,
    }),
    dispose: () => undefined,
  };
}

type Work = (rows: readonly Float32Array[], magnitudes: Float32Array) => void;

const WORK: Record<KernelOperationName, Work> = {
  magnitude(rows, magnitudes) {
    for (let i = 0; i < rows.length; i++) magnitudes[i] = magnitudeOf(rows[i]!);
  },
  normalize(rows, magnitudes) {
    for (let i = 0; i < rows.length; i++) magnitudes[i] = normalizeRow(rows[i]!);
  },
  sort(rows) {
    for (let i = 0; i < rows.length; i++) rows[i]!.sort();
  },
  pipeline(rows, magnitudes) {
    for (let i = 0; i < rows.length; i++) {
      magnitudes[i] = normalizeRow(rows[i]!);
      rows[i]!.sort();
    }
  },
};

function magnitudeOf(row: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i]! * row[i]!;
  return Math.sqrt(sum);
}

function normalizeRow(row: Float32Array): number {
  const magnitude = magnitudeOf(row);
  for (let i = 0; i < row.length; i++) row[i] = row[i]! / magnitude;
  return magnitude;
}
