/**
 * Whether the variants compute the same: a fast wrong answer is no figure.
 */
import type { Subject, SubjectOutput } from './subject.js';

/** Float32 rounding of sums and quotients, with room. */
const TOLERANCE = 1e-5;

export interface NamedSubject {
  readonly name: string;
  readonly subject: Subject;
}

/** Runs one part of each subject and restores it. Rejects naming the first that differs from the first of all. */
export async function checkAgreement(subjects: readonly NamedSubject[]): Promise<void> {
  let expected: (SubjectOutput & { readonly name: string }) | undefined;
  for (const { name, subject } of subjects) {
    subject.restore(0);
    await subject.run(0);
    const { rows, magnitudes } = subject.output(0);
    expected ??= { name, rows: rows.slice(), magnitudes: magnitudes?.slice() };
    if (!agree(expected.rows, rows)) throw new Error(`${name} and ${expected.name} give different components`);
    if (!agree(expected.magnitudes, magnitudes))
      throw new Error(`${name} and ${expected.name} give different magnitudes`);
    subject.restore(0);
  }
}

/** As far as both go: a run on threads has more vectors, which are the same over and over. */
function agree(expected: Float32Array | undefined, found: Float32Array | undefined): boolean {
  if (!expected || !found) return expected === found;
  const length = Math.min(expected.length, found.length);
  for (let i = 0; i < length; i++) {
    if (!(Math.abs(found[i]! - expected[i]!) <= TOLERANCE * Math.abs(expected[i]!))) return false;
  }
  return length > 0;
}
