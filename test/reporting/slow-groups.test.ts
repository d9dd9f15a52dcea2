import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';
import { slowGroupsMs } from '../../src/reporting/slow-groups.js';

test('the time of what took more than three times the mean, within 1.1 %', () => {
  const groups = fc.array(
    fc.record({ ms: fc.double({ min: 0.001, max: 10, noNaN: true }), vectors: fc.integer({ min: 1, max: 100 }) }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(groups, fc.double({ min: 0.01, max: 3, noNaN: true }), (all, meanMs) => {
      // Beside the limit, a bucket may lie on either side of it.
      const clear = all.filter(({ ms }) => Math.abs(ms / (3 * meanMs) - 1) > 0.03);
      const times = new TimeDistribution();
      for (const { ms, vectors } of clear) times.record(ms, vectors);
      const slow = clear.filter(({ ms }) => ms > 3 * meanMs);
      const expected = slow.reduce((sum, { ms, vectors }) => sum + ms * vectors, 0);
      const found = slowGroupsMs(times.histogram(), meanMs);
      expect(Math.abs(found - expected)).toBeLessThanOrEqual(0.011 * expected);
    }),
  );
});
