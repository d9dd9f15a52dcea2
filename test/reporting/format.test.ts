import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countOf,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
  formatTick,
} from '../../src/reporting/format.js';
import { runsOf } from '../seed.js';
import { readValue } from './page-reader.js';

describe('formatNumber', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [0.01234, '0.0123'],
    [5.318, '5.32'],
    [71.44, '71.4'],
    [99.96, '100'],
    [999.4, '999'],
    [1752.4, '1,752'],
    [120430, '120,430'],
    [-5.318, '-5.32'],
    [1.2e-9, '1.20e-9'],
    [4e15, '4.00e+15'],
    [Number.NaN, 'n/a'],
    [Number.POSITIVE_INFINITY, 'n/a'],
  ])('shows %d as %s', (value, text) => expect(formatNumber(value)).toBe(text));
});

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [1.32e-4, '132 ns'],
    [5e-10, '0.000500 ns'],
    [0.00173, '1.73 µs'],
    [0.9997, '1.00 ms'],
    [0.9994, '999 µs'],
    [29.94, '29.9 ms'],
    [999.6, '1.00 s'],
    [1234.5, '1.23 s'],
    [3_600_000, '3,600 s'],
    [Number.NaN, 'n/a'],
  ])('shows %d ms as %s', (value, text) => expect(formatDuration(value)).toBe(text));
});

it.each([
  [0, '0 bytes'],
  [152, '152 bytes'],
  [1536, '1.54 kB'],
  [31_360_000, '31.4 MB'],
  [5e12, '5.00 TB'],
])('%d bytes are shown as %s', (value, text) => expect(formatBytes(value)).toBe(text));

it.each([
  [0.9351, '93.5 %'],
  [1, '100 %'],
  [0, '0 %'],
  [1e-5, '0.00100 %'],
])('the ratio %d is shown as %s', (value, text) => expect(formatPercent(value)).toBe(text));

it.each([
  [0, '0'],
  [0.30000000000000004, '0.3'],
  [1500, '1,500'],
  [2e6, '2M'],
  [1e-7, '1e-7'],
])('a tick at %d is shown as %s', (value, text) => expect(formatTick(value)).toBe(text));

it('counts are told in full, means of counts in three digits', () => {
  expect(formatCount(12_345_678)).toBe('12,345,678');
  expect(formatCount(0.4051)).toBe('0.405');
  expect(countOf(1, 'vector')).toBe('1 vector');
  expect(countOf(0, 'batch', 'batches')).toBe('0 batches');
});

it('what is shown is within half a percent of what is, and zero only where it is zero', () => {
  const formats = [formatNumber, formatCount, formatDuration, formatBytes, formatPercent, formatRate];
  // The unit of largest and smallest figures stays; below the smallest normal number digits get lost in any unit.
  const figure = fc.oneof(
    fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
    fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...formats), figure, (format, value) => {
      const shown = format === formatBytes ? Math.ceil(value) : value;
      const back = readValue(format(shown));
      expect(Math.abs(back - shown)).toBeLessThanOrEqual(0.0051 * shown);
      expect(back === 0).toBe(shown === 0);
    }),
    runsOf(3000),
  );
});
