/**
 * A session against an earlier one: what got slower or faster by more than the same code differs from itself.
 */
import { IndexingError } from '../../src/base/errors.js';
import { formatNumber } from '../../src/reporting/format.js';
import { nativeVariants } from './cases.js';
import type { DataSizes } from './data-set.js';
import { noiseFactor, WIDEST_BAND } from './noise.js';
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
  /** `unknown`: within a band so wide that nothing can be said. */
  readonly verdict: 'regression' | 'improvement' | 'noise' | 'unknown';
}

/** Facts that make two sessions comparable. They are known before anything is measured. */
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

/**
 * What came of it, in a sentence; undefined as reason where nothing speaks against the session: a case that is slower, or one
 * that cannot be judged.
 */
export function judge(comparison: Comparison): { readonly sentence: string; readonly objection: string | undefined } {
  const { changes } = comparison;
  const of = (verdict: Change['verdict']) => changes.filter((change) => change.verdict === verdict);
  const slower = of('regression');
  const unknown = of('unknown');
  const cases = `${changes.length} ${changes.length === 1 ? 'case' : 'cases'}`;
  if (slower.length > 0) {
    const worst = slower.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    const sentence = `${slower.length} of ${cases} got slower by more than the noise, ${worst.name} most: ${worst.ratio.toFixed(3)} times its time.`;
    return { sentence, objection: 'slower by more than the noise' };
  }
  if (unknown.length > 0) {
    const widest = unknown.reduce((band, change) => Math.max(band, change.band), 1);
    const percent = formatNumber(100 * (widest - 1));
    const sentence = `Too noisy to judge ${unknown.length} of ${cases}: the same code differed from itself by up to ${percent} %. Close other programs, and measure both sessions again.`;
    return { sentence, objection: 'too noisy to judge' };
  }
  const faster = of('improvement').length;
  const sentence = `None of ${cases} got slower by more than the noise${faster > 0 ? `, and ${faster} got faster` : ''}.`;
  return { sentence, objection: undefined };
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
    verdict: verdictOf(ratio, band),
  };
}

function verdictOf(ratio: number, band: number): Change['verdict'] {
  if (ratio > band) return 'regression';
  if (ratio < 1 / band) return 'improvement';
  return band > WIDEST_BAND ? 'unknown' : 'noise';
}

function bandOf({ variant }: CaseResult, ...sessions: readonly SessionNoise[]): number {
  const kind = variant === 'threads' ? 'threads' : 'oneThread';
  return Math.max(...sessions.map(({ [kind]: band }) => (band ? noiseFactor(band) : 1)));
}

function refuseOther(what: string, before: string | number, now: string | number): void {
  if (before === now) return;
  throw new IndexingError('InvalidConfiguration', `it was measured with another ${what}: ${before}, here ${now}`);
}
