import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reportToCsv } from '../../src/reporting/csv.js';
import { noLosses } from '../../src/reporting/losses.js';
import { IndexingPerformanceReport } from '../../src/reporting/report.js';
import { summarizeRun } from '../../src/reporting/summarize-run.js';
import { runsOf } from '../seed.js';
import { allParts, anyReportData, noParts, sampleRun } from './report-samples.js';

const sample = () => {
  const run = { ...sampleRun(), losses: { ...noLosses, startUpMs: 100 } };
  return new IndexingPerformanceReport(summarizeRun(run, allParts));
};

test('a report has all fields of its data', () => {
  fc.assert(
    fc.property(anyReportData, (data) => {
      expect({ ...new IndexingPerformanceReport(data) }).toStrictEqual(data);
    }),
    runsOf(1000),
  );
});

test('it scores and writes its own figures', () => {
  expect(sample().calculatePerformanceScore()).toBe(90);
  expect(sample().toCsv()).toBe(reportToCsv(sample()));
});

describe('JSON', () => {
  test('a report comes back the same from text and from parsed text', () => {
    fc.assert(
      fc.property(anyReportData, (data) => {
        const report = new IndexingPerformanceReport(data);
        const text = JSON.stringify(report);
        expect(IndexingPerformanceReport.fromJSON(text)).toStrictEqual(report);
        expect(IndexingPerformanceReport.fromJSON(JSON.parse(text))).toStrictEqual(report);
        expect(IndexingPerformanceReport.fromJSON(report.toJSON())).toStrictEqual(report);
        expect(JSON.stringify(IndexingPerformanceReport.fromJSON(text))).toBe(text);
      }),
      runsOf(1000),
    );
  });

  test('a figure that is not a number is null, and NaN when it comes back', () => {
    const report = new IndexingPerformanceReport({
      ...sample(),
      totalTimeMs: Number.POSITIVE_INFINITY,
      threadEfficiency: Number.NaN,
      threadTimesMs: [Number.NaN, 1],
    });
    const json = report.toJSON();
    expect(json).toMatchObject({ totalTimeMs: null, threadEfficiency: null, threadTimesMs: [null, 1] });
    expect(IndexingPerformanceReport.fromJSON(json)).toMatchObject({
      totalTimeMs: Number.NaN,
      threadEfficiency: Number.NaN,
      threadTimesMs: [Number.NaN, 1],
    });
  });

  test('parts that are switched off are absent', () => {
    const json = new IndexingPerformanceReport(summarizeRun(sampleRun(), noParts)).toJSON();
    expect(json).not.toHaveProperty('batchSizeHistory');
    expect(json).not.toHaveProperty('queueDepth');
    expect(json).not.toHaveProperty('threadUtilization');
    expect(json).toHaveProperty('threadPerformance', []);
  });

  test('fields of a newer version are passed over', () => {
    expect(IndexingPerformanceReport.fromJSON({ ...sample().toJSON(), later: [1] })).toStrictEqual(sample());
  });

  /** Every place in the JSON of a report with all parts: its path, and the JSON with another value there. */
  function places(json: unknown, path = 'report'): { path: string; withValue: (value: unknown) => unknown }[] {
    if (typeof json !== 'object' || json === null) return [];
    const isArray = Array.isArray(json);
    return Object.entries(json).flatMap(([name, field]) => {
      const fieldPath = isArray ? `${path}[${name}]` : `${path}.${name}`;
      const replace = (value: unknown) =>
        isArray ? json.map((item, i) => (String(i) === name ? value : item)) : { ...json, [name]: value };
      return [
        { path: fieldPath, withValue: replace },
        ...places(field, fieldPath).map(({ path: inner, withValue }) => ({
          path: inner,
          withValue: (value: unknown) => replace(withValue(value)),
        })),
      ];
    });
  }

  const everyPlace = places(JSON.parse(JSON.stringify(sample())));

  test.each(everyPlace)('$path is refused by name when it is wrong', ({ path, withValue }) => {
    // Buckets of values below 1 have numbers below 0.
    const wrong = [path.endsWith('.bucket') ? 0.5 : -1, Symbol('wrong'), () => 1, new Date(0)];
    for (const value of wrong) {
      expect(() => IndexingPerformanceReport.fromJSON(withValue(value))).toThrow(
        expect.objectContaining({
          code: 'InvalidConfiguration',
          message: expect.stringContaining(`Invalid indexing configuration: ${path}`),
        }),
      );
    }
  });

  const optionalParts = [
    'batchSizeHistory',
    'queueDepth',
    'threadUtilization',
    'copyIn',
    'conditions',
    'optimizations',
    'waitedMs',
    'subject',
    'subject.input',
    'subject.dims',
    'subject.machine',
    'subject.cores',
    'phases',
    'bottlenecks[0].gainMs',
    'optimizations[0].after',
    'optimizations[0].effect',
    'conditions.cpuMs',
    'conditions.memory',
  ].map((name) => `report.${name}`);

  test.each(everyPlace.filter(({ path }) => !optionalParts.includes(path)))(
    '$path must be there',
    ({ path, withValue }) => {
      expect(() => IndexingPerformanceReport.fromJSON(withValue(undefined))).toThrow(
        new RegExp(`^Invalid indexing configuration: ${path.replace(/[[\].]/g, '\\$&')} must be .*got undefined$`),
      );
    },
  );

  test.each([
    ['totalVectors', 1.5, 'report.totalVectors must be a whole number from 0, got 1.5'],
    ['totalVectors', null, 'report.totalVectors must be a whole number from 0, got null'],
    ['totalVectors', '7', 'report.totalVectors must be a whole number from 0, got "7"'],
    ['totalTimeMs', '=cmd()', 'report.totalTimeMs must be a number from 0, or null, got "=cmd()"'],
    ['totalTimeMs', Number.POSITIVE_INFINITY, 'report.totalTimeMs must be a number from 0, or null, got Infinity'],
    ['threadEfficiency', 1.01, 'report.threadEfficiency must be a ratio from 0 to 1, or null, got 1.01'],
    ['threadTimesMs', [1], 'report.threadTimesMs must be an array of 2, one entry per thread, got an array of 1'],
    ['threadUtilization', [1], 'report.threadUtilization must be an array of 2, one entry per thread'],
    ['recommendations', [1], 'report.recommendations[0] must be a string, got 1'],
    ['backend', { kernel: 'gpu' }, 'report.backend.kernel must be "simd" or "scalar" or "javascript", got "gpu"'],
    ['backend', [], 'report.backend must be an object, got an array of 0'],
    [
      'batches',
      [{ ...sample().batches[0], threadId: 2 }],
      'report.batches[0].threadId must be below 2, the thread count',
    ],
    ['queueDepth', null, 'report.queueDepth must be an object, got null'],
  ])('%s of %j is refused in a sentence', (name, value, sentence) => {
    expect(() => IndexingPerformanceReport.fromJSON({ ...sample().toJSON(), [name]: value })).toThrow(sentence);
  });

  test('thread rows are of all threads or of none', () => {
    const { threadPerformance, ...rest } = sample();
    expect(() =>
      IndexingPerformanceReport.fromJSON({ ...rest, threadPerformance: threadPerformance.slice(1) }),
    ).toThrow(/threadPerformance must be an array of 2/);
  });

  test.each(['', '{', 'null', '[]', '5', '"text"'])('the text %j is refused', (text) => {
    expect(() => IndexingPerformanceReport.fromJSON(text)).toThrow(/^Invalid indexing configuration: report must be/);
  });
});
