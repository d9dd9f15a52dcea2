/**
 * Figures of parts add up to those of the whole, bit for bit, however it is cut.
 */
import { expect, test } from 'vitest';
import { ExponentialHistogram } from '../../src/monitoring/exponential-histogram.js';
import { TimeDistribution } from '../../src/monitoring/time-distribution.js';
import { MagnitudeSample } from '../../src/parts/magnitude-sample.js';
import { seededRandom } from './support.js';

test('samples of magnitudes of parts make up the sample of the whole', () => {
  const random = seededRandom(7);
  for (const count of [0, 1, 1000, 2 ** 15, 2 ** 15 + 1, 300_000]) {
    const magnitudes = Float32Array.from({ length: count }, (_, i) => (i % 11 === 3 ? Number.NaN : 1 + random(1000)));
    const whole = new MagnitudeSample();
    for (let at = 0; at < count; ) {
      const rows = Math.min(count - at, 1 + random(50_000));
      whole.add(magnitudes.subarray(at, at + rows), at);
      at += rows;
    }
    // The least power of two with which 32,768 rows are enough.
    let step = 1;
    while (count / step > 2 ** 15) step *= 2;
    const expected = new ExponentialHistogram();
    for (let row = 0; row < count; row += step)
      if (!Number.isNaN(magnitudes[row])) expected.record(magnitudes[row]!, 1);
    expect(whole.all.snapshot()).toEqual(expected.snapshot());

    const cuts = [0, ...Array.from({ length: 5 }, () => random(count + 1)), count].sort((a, b) => a - b);
    const parts = cuts.slice(1).map((last, i) => {
      const part = new MagnitudeSample();
      part.add(magnitudes.subarray(cuts[i], last), cuts[i]!);
      return { levels: part.levels, rows: last - cuts[i]! };
    });
    const merged = new MagnitudeSample();
    for (const { levels, rows } of parts.sort(() => random(2) - 0.5))
      merged.merge(JSON.parse(JSON.stringify(levels)), rows);
    expect(merged.all.snapshot()).toEqual(expected.snapshot());
  }
});

test('a distribution of times is the same after it went through JSON', () => {
  const random = seededRandom(8);
  const [whole, again] = [new TimeDistribution(), new TimeDistribution()];
  for (let part = 0; part < 5; part++) {
    const times = new TimeDistribution();
    for (let i = 0; i < part * 100; i++) {
      const [ms, rows] = [random(2 ** 30) / 2 ** (20 + random(30)), 1 + random(50)];
      times.recordGroup(ms, rows);
      whole.recordGroup(ms, rows);
    }
    again.merge(TimeDistribution.of(JSON.parse(JSON.stringify(times.state))));
  }
  expect(again.summary()).toEqual(whole.summary());
  expect(again.sumMs).toBe(whole.sumMs);
  expect(again.histogram()).toEqual(whole.histogram());
});
