import { describe, expect, it } from 'vitest';
import { checkComparable, compareResults, judge } from '../../bench/suite/compare.js';
import { comparisonToMarkdown } from '../../bench/suite/markdown.js';
import { band, firstName, sampleResults, withCase } from './samples.js';

const THREADS_CASE = 'pipeline/768/threads';

function verdictOf(name: string, factor: number, baseline = sampleResults()) {
  const comparison = compareResults(baseline, withCase(sampleResults(), name, factor));
  return comparison.changes.find((change) => change.name === name)?.verdict;
}

describe('compareResults', () => {
  it('finds nothing between a session and itself', () => {
    const comparison = compareResults(sampleResults(), sampleResults());
    expect(comparison.changes).toHaveLength(sampleResults().cases.length);
    expect(comparison.changes.every(({ verdict, ratio }) => verdict === 'noise' && ratio === 1)).toBe(true);
    expect(judge(comparison)).toEqual({
      sentence: 'None of 44 cases got slower by more than the noise.',
      objection: undefined,
    });
  });

  it('calls slower, or faster, only what is beyond the noise band', () => {
    // The samples have a band of 0.98–1.01 on one thread: a factor of 1 / 0.98.
    expect(verdictOf(firstName, 1.02)).toBe('noise');
    expect(verdictOf(firstName, 1.021)).toBe('regression');
    expect(verdictOf(firstName, 0.981)).toBe('noise');
    expect(verdictOf(firstName, 0.979)).toBe('improvement');
  });

  it('holds runs on threads against the band of threads', () => {
    expect(verdictOf(THREADS_CASE, 1.079)).toBe('noise');
    expect(verdictOf(THREADS_CASE, 1.081)).toBe('regression');
  });

  it('takes the larger band of the two sessions', () => {
    const noisy = sampleResults({ noise: { oneThread: band(0.9, 1.2), threads: band(1, 1) } });
    expect(verdictOf(firstName, 1.19, noisy)).toBe('noise');
    expect(verdictOf(firstName, 1.21, noisy)).toBe('regression');
    expect(verdictOf(THREADS_CASE, 1.079, noisy)).toBe('noise');
  });

  it('cannot judge what is within a band so wide that it hides changes', () => {
    const noisy = sampleResults({ noise: { oneThread: band(0.09, 11), threads: band(0.98, 1.02) } });
    const comparison = compareResults(noisy, sampleResults());
    const { sentence, objection } = judge(comparison);
    expect(objection).toBe('too noisy to judge');
    expect(sentence).toBe(
      'Too noisy to judge 30 of 44 cases: the same code differed from itself by up to 1,011 %. Close other programs, and measure both sessions again.',
    );
    expect(comparisonToMarkdown(comparison).replaceAll('\n', ' ')).toContain(
      '0 slower, 0 faster, 14 within the noise band, 30 not to be judged.',
    );
    // What is beyond even that is told.
    expect(judge(compareResults(noisy, withCase(sampleResults(), firstName, 12))).objection).toMatch(/^slower/);
    // A band of 25 % is wide, but says something.
    const wide = sampleResults({ noise: { oneThread: band(0.8, 1.25), threads: band(1, 1) } });
    expect(judge(compareResults(wide, sampleResults())).objection).toBeUndefined();
  });

  it('counts cases that only one session has, and passes over native programs', () => {
    const { cases } = sampleResults();
    const native = { ...cases[0]!, name: 'pipeline/128/native', variant: 'native' } as const;
    const comparison = compareResults(sampleResults({ cases: [...cases.slice(1), native] }), sampleResults());
    expect(comparison.changes).toHaveLength(cases.length - 1);
    expect(comparison.unmatched).toBe(1);
  });

  it('is told in a sentence, with a table of what is beyond the noise', () => {
    const comparison = compareResults(sampleResults(), withCase(sampleResults(), firstName, 1.5));
    const text = comparisonToMarkdown(comparison);
    expect(text.replaceAll('\n', ' ')).toContain(
      'Against the baseline of 2026-01-31: 1 slower, 0 faster, 43 within the noise band.',
    );
    expect(text).toMatch(
      /^1 of 44 cases got slower by more than the noise, magnitude\/128\/javascript most:\n1\.500 times its time\./,
    );
    expect(text).toMatch(/\| magnitude\/128\/javascript \| +1,327 \| +1,991 \| 1\.500 \| ±2\.04 % \| slower \|/);
    expect(comparisonToMarkdown(compareResults(sampleResults(), sampleResults()))).not.toContain('|');
  });
});

describe('checkComparable', () => {
  const { machine, settings, threads } = sampleResults();
  const conditions = { machine, threads, sizes: settings, seed: settings.seed, names: [firstName] };

  it('takes a baseline of the same machine, whatever its engine', () => {
    const baseline = sampleResults({ machine: { ...machine, engine: 'Node 99' } });
    expect(() => checkComparable(baseline, conditions)).not.toThrow();
  });

  it.each([
    [
      'another processor',
      sampleResults({ machine: { ...machine, cpu: 'slow' } }),
      'another processor: slow, here A "fast"',
    ],
    ['other cores', sampleResults({ machine: { ...machine, cores: 64 } }), 'another number of cores: 64, here 2'],
    ['another platform', sampleResults({ machine: { ...machine, platform: 'darwin arm64' } }), 'another platform'],
    ['other threads', sampleResults({ threads: 8 }), 'another number of threads: 8, here 2'],
    ['other parts', sampleResults({ settings: { ...settings, partBytes: 4 } }), 'another bytes of a part: 4, here'],
    ['other sets', sampleResults({ settings: { ...settings, setBytes: 4 } }), 'another bytes of a set: 4, here'],
    ['another seed', sampleResults({ settings: { ...settings, seed: 8 } }), 'another seed: 8, here 7'],
    ['other cases', sampleResults({ cases: [] }), 'it holds none of the cases that are to be measured'],
  ])('refuses %s in a sentence', (_, baseline, message) => {
    expect(() => checkComparable(baseline, conditions)).toThrow(message);
  });
});
