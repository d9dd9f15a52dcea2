import { expect, test } from 'vitest';
import { checkThresholds, type MonitorThresholds } from '../../src/monitoring/monitor-thresholds.js';

const defaults: MonitorThresholds = {
  meanQueryTimeMs: 1000,
  meanIndexTimeMs: 5000,
  p99ToMean: 3,
  coefficientOfVariation: 0.5,
  minQuerySpreadMs: 10,
  minVectorsPerSecond: 0,
  degradation: 0.2,
};
const names = Object.keys(defaults) as (keyof MonitorThresholds)[];

test('defaults stand where nothing is given', () => {
  expect(checkThresholds({})).toEqual(defaults);
  expect(checkThresholds({ degradation: undefined, p99ToMean: 4 })).toEqual({
    ...defaults,
    p99ToMean: 4,
  });
  expect(checkThresholds({ degradation: 1 }, checkThresholds({ p99ToMean: 4 }))).toEqual({
    ...defaults,
    p99ToMean: 4,
    degradation: 1,
  });
});

test.each(names)('%s: not a number, and below zero, are refused by name', (name) => {
  for (const value of [Number.NaN, -1, -1e-9, Number.NEGATIVE_INFINITY, '1', null, true]) {
    expect(() => checkThresholds({ [name]: value })).toThrowError(
      expect.objectContaining({
        code: 'InvalidConfiguration',
        message: expect.stringContaining(`thresholds.${name} must be a number that is not negative`),
      }),
    );
  }
  expect(checkThresholds({ [name]: 0 })[name]).toBe(0);
  expect(checkThresholds({ [name]: Number.POSITIVE_INFINITY })[name]).toBe(Number.POSITIVE_INFINITY);
});

test('a misspelt threshold is refused', () => {
  const misspelt = { meanQueryTime: 5 } as Partial<MonitorThresholds>;
  expect(() => checkThresholds(misspelt)).toThrowError(/thresholds\.meanQueryTime must be one of meanQueryTimeMs/);
});
