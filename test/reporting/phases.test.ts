import fc from 'fast-check';
import { expect, test } from 'vitest';
import { phasesOf, phasesOfRun, type Span } from '../../src/reporting/phases.js';
import { phaseNames } from '../../src/reporting/report-data.js';

const names = phaseNames.filter((name) => name !== 'rest');
const precedence = ['waiting', 'indexing', 'copying', 'reading', 'writing', 'graph', 'report', 'starting'] as const;

test('each moment belongs to the first of those that cover it, whatever the spans', () => {
  const anySpan = fc
    .record({ name: fc.constantFrom(...names), at: fc.integer({ min: -20, max: 120 }), length: fc.nat({ max: 60 }) })
    .map(({ name, at, length }): Span => ({ name, fromMs: at, toMs: at + length }));
  fc.assert(
    fc.property(fc.array(anySpan, { maxLength: 12 }), fc.nat({ max: 100 }), (spans, totalMs) => {
      const expected = new Map<string, number>();
      for (let ms = 0; ms < totalMs; ms++) {
        const covering = precedence.find((name) =>
          spans.some((span) => span.name === name && span.fromMs <= ms && ms < span.toMs),
        );
        const name = covering ?? 'rest';
        expected.set(name, (expected.get(name) ?? 0) + 1);
      }
      const phases = phasesOf(spans, totalMs, precedence);
      expect(new Map(phases.map(({ name, ms }) => [name, ms]))).toEqual(expected);
      expect(phases.reduce((sum, { ms }) => sum + ms, 0)).toBe(totalMs);
      expect(phases.map(({ name }) => phaseNames.indexOf(name))).toEqual(
        phases.map(({ name }) => phaseNames.indexOf(name)).sort((a, b) => a - b),
      );
    }),
  );
});

test('a run waits, starts, copies and indexes, and what is left comes before and after', () => {
  const batch = (threadId: number, claimedAtMs: number, endedAtMs: number) => {
    return { threadId, vectors: 1, dims: 1, rejected: 0, claimedAtMs, endedAtMs };
  };
  const run = {
    totalTimeMs: 100,
    waitedMs: 10,
    batches: [batch(0, 40, 70), batch(1, 50, 90)],
    copyIn: { bytes: 1, busyMs: 30, endedAtMs: 60 },
    startedThreads: 0,
  };
  expect(phasesOfRun(run)).toEqual([
    { name: 'waiting', ms: 10 },
    { name: 'copying', ms: 10 },
    { name: 'indexing', ms: 50 },
    { name: 'rest', ms: 30 },
  ]);
  expect(phasesOfRun({ ...run, startedThreads: 2, copyIn: undefined })).toEqual([
    { name: 'waiting', ms: 10 },
    { name: 'starting', ms: 30 },
    { name: 'indexing', ms: 50 },
    { name: 'rest', ms: 10 },
  ]);
  expect(phasesOfRun({ ...run, batches: [], copyIn: undefined, waitedMs: 0 })).toEqual([{ name: 'rest', ms: 100 }]);
});
