import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentWork } from '../../src/monitoring/recent-work.js';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';
import { timesOf } from './windows.js';

const nothing = new TimeDistribution();

test('whatever comes, the last ten seconds and the ten before hold what was recorded in them, once', () => {
  const event = fc.record({
    afterMs: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 15_000 })),
    queries: fc.nat({ max: 3 }),
    indexes: fc.nat({ max: 3 }),
    handled: fc.nat({ max: 100 }),
    kind: fc.constantFrom('a', 'b', undefined),
    resolved: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.nat({ max: 12_000 }), (events, laterMs) => {
      const recent = new RecentWork();
      let atMs = 0;
      const seen = events.map((each) => {
        atMs += each.afterMs;
        recent.addRecords({ queries: timesOf([[1, each.queries]]), indexes: timesOf([[1, each.indexes]]) }, atMs);
        recent.addRun(each.kind, each.handled, 7, each.resolved, atMs);
        return { ...each, second: Math.floor(atMs / 1000) };
      });
      const nowMs = atMs + laterMs;
      const second = Math.floor(nowMs / 1000);
      const windows = [
        { window: recent.last(nowMs), first: second - 9 },
        { window: recent.before(nowMs), first: second - 19 },
      ];
      for (const { window, first } of windows) {
        const own = seen.filter((each) => each.second >= first && each.second < first + 10);
        const sum = (of: (each: (typeof own)[number]) => number) => own.reduce((total, each) => total + of(each), 0);
        expect(window.queries.count).toBe(sum(({ queries }) => queries));
        expect(window.indexes.count).toBe(sum(({ indexes }) => indexes));
        expect([window.handled, window.runMs]).toEqual([sum(({ handled }) => handled), 7 * own.length]);
        const kinds = [...new Set(own.map(({ kind }) => kind))];
        expect(window.work).toBe(kinds.length === 0 ? 'none' : kinds.length === 1 ? kinds[0] : undefined);
        expect(window.indexTimesResolved).toBe(own.every(({ resolved }) => resolved));
      }
    }),
  );
});

test('what is recorded without a run is one kind of work', () => {
  const recent = new RecentWork();
  recent.addRecords({ queries: timesOf([[1, 5]]), indexes: nothing }, 100);
  expect(recent.last(200)).toMatchObject({ work: 'none', runMs: 0, handled: 0, indexTimesResolved: true });
});
