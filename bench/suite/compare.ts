/**
 * A session against an earlier one: what got slower or faster by more than the same code differs from itself.
 */
import { IndexingError } from '../../src/base/errors.js';
import { nativeVariants } from './cases.js';
import type { DataSizes } from './data-set.js';
import { noiseFactor } from './noise.js';
import type { BenchmarkResults, CaseResult, Machine, SessionNoise } from './results.js';

export interface Comparison {
  readonly changes: readonly Change[];
  /** Cases that only one of the sessions has. */
  readonly unmatched: number;
  /** Day of the baseline, ISO 8601. */
  readonly baselineDate: string;
}

interface Change {
  readonly name: string;
  /** Minima, nanoseconds per vector. */
  readonly beforeNs: number;
  readonly afterNs: number;
  /** after / before: above 1 is slower. */
  readonly ratio: number;
  /** The larger noise factor of the two sessions for the kind of case. */
  readonly band: number;
  readonly verdict: 'regression' | 'improvement' | 'noise';
}

/** What makes two sessions comparable: known before anything is measured. */
export interface SessionConditions {
  readonly machine: Machine;
  readonly threads: number;
  readonly sizes: DataSizes;
  readonly seed: number;
  /** Names of the cases. */
  readonly names: readonly string[];
}

/**
 * @throws {IndexingError} `InvalidConfiguration` when figures of `baseline` say nothing about a session on these conditions.
 */
export function checkComparable(baseline: BenchmarkResults, conditions: SessionConditions): void {
  const { machine, settings } = baseline;
  refuseOther('processor', machine.cpu, conditions.machine.cpu);
  refuseOther('number of cores', machine.cores, conditions.machine.cores);
  refuseOther('platform', machine.platform, conditions.machine.platform);
  refuseOther('number of threads', baseline.threads, conditions.threads);
  refuseOther('bytes of a part', settings.partBytes, conditions.sizes.partBytes);
  refuseOther('bytes of a set', settings.setBytes, conditions.sizes.setBytes);
  refuseOther('seed', settings.seed, conditions.seed);
  if (!conditions.names.some((name) => baseline.cases.some((result) => result.name === name))) {
    throw new IndexingError('InvalidConfiguration', 'it holds none of the cases that are to be measured');
  }
}

export function compareResults(baseline: BenchmarkResults, current: BenchmarkResults): Comparison {
  const before = new Map(own(baseline).map((result) => [result.name, result]));
  const after = own(current);
  const changes = after.flatMap((result) => {
    const earlier = before.get(result.name);
    return earlier ? [compareCase(earlier, result, bandOf(result, baseline.noise, current.noise))] : [];
  });
  return {
    changes,
    unmatched: before.size + after.length - 2 * changes.length,
    baselineDate: baseline.startedAt.slice(0, 10),
  };
}

export function hasRegression({ changes }: Comparison): boolean {
  return changes.some(({ verdict }) => verdict === 'regression');
}

/** A native program is a yardstick, not something that can regress here. */
function own({ cases }: BenchmarkResults): readonly CaseResult[] {
  return cases.filter(({ variant }) => !nativeVariants.some((native) => native === variant));
}

function compareCase(before: CaseResult, after: CaseResult, band: number): Change {
  const ratio = after.minNsPerVector / before.minNsPerVector;
  return {
    name: after.name,
    beforeNs: before.minNsPerVector,
    afterNs: after.minNsPerVector,
    ratio,
    band,
    verdict: ratio > band ? 'regression' : ratio < 1 / band ? 'improvement' : 'noise',
  };
}

function bandOf({ variant }: CaseResult, ...sessions: readonly SessionNoise[]): number {
  const kind = variant === 'threads' ? 'threads' : 'oneThread';
  return Math.max(...sessions.map(({ [kind]: band }) => (band ? noiseFactor(band) : 1)));
}

function refuseOther(what: string, before: string | number, now: string | number): void {
  if (before === now) return;
  throw new IndexingError('InvalidConfiguration', `it was measured with another ${what}: ${before}, here ${now}`);
}
