import { describe, expect, it } from 'vitest';
import { resultsToHtml } from '../../bench/suite/html.js';
import { resultsToMarkdown } from '../../bench/suite/markdown.js';
import type { BenchmarkResults, CaseResult } from '../../bench/suite/results.js';
import { resultsFromJson, resultsToJson } from '../../bench/suite/results-json.js';
import { formatSpeedup } from '../../bench/suite/text.js';
import { formatNumber, formatPercent, formatQueryRate } from '../../src/reporting/format.js';
import { bandwidth, sampleResults } from './samples.js';

describe('figures of a case', () => {
  it('are what their names say', () => {
    const { cases } = sampleResults();
    const javascript = cases.find(({ name }) => name === 'normalize/768/javascript')!;
    const simd = cases.find(({ name }) => name === 'normalize/768/simd')!;
    expect(simd.speedup).toBeCloseTo(javascript.minNsPerVector / simd.minNsPerVector, 4);
    expect(javascript.speedup).toBe(1);
    // 768 float32 read and written.
    expect(simd.gigabytesPerSecond).toBeCloseTo((768 * 8) / simd.minNsPerVector, 4);
    expect(simd.bandwidthShare).toBeCloseTo(simd.gigabytesPerSecond! / bandwidth.memoryGBps, 5);
    const magnitude = cases.find(({ name }) => name === 'magnitude/768/simd')!;
    expect(magnitude.gigabytesPerSecond).toBeCloseTo((768 * 4) / magnitude.minNsPerVector, 4);
  });
});

describe('results as JSON', () => {
  it('come back the same', () => {
    const results = sampleResults();
    expect(resultsFromJson(resultsToJson(results))).toEqual(results);
    const partial = sampleResults({ noise: { oneThread: undefined, threads: undefined } });
    expect(resultsFromJson(resultsToJson(partial))).toEqual(partial);
  });

  it.each([
    ['no JSON', 'dims,ns', 'it is not JSON'],
    ['no object', '[]', 'it is not the JSON of a simdex benchmark'],
    ['another JSON', '{"format":"other/1"}', 'it is not the JSON of a simdex benchmark'],
    [
      'a later format',
      '{"format":"simdex-benchmark/2"}',
      'it has the format simdex-benchmark/2, this version reads simdex-benchmark/1',
    ],
    ['a part of one', '{"format":"simdex-benchmark/1"}', 'results.version must be a string, got undefined'],
    [
      'a wrong case',
      JSON.stringify({ ...sampleResults(), cases: [{ ...sampleResults().cases[0], variant: 'abacus' }] }),
      'results.cases[0].variant must be',
    ],
  ])('are refused in a sentence when they are %s', (_, text, message) => {
    expect(() => resultsFromJson(text)).toThrow(message);
  });
});

/** How a page shows each field; written down again, for the test. */
const SHOWN: Record<string, (value: number) => string> = {
  minNsPerVector: formatNumber,
  medianNsPerVector: formatNumber,
  meanNsPerVector: formatNumber,
  relativeMarginPercent: formatNumber,
  speedup: formatSpeedup,
  gigabytesPerSecond: formatNumber,
  bandwidthShare: formatPercent,
  samples: String,
};

describe('results as HTML', () => {
  it('show every figure of the JSON, and no other', () => {
    const results = resultsFromJson(resultsToJson(sampleResults()));
    const html = resultsToHtml(results);
    const cells = [...html.matchAll(/<td data-case="([^"]*)" data-field="([^"]*)">([^<]*)<\/td>/g)];
    expect(cells).toHaveLength((html.match(/<td/g) ?? []).length);
    const shown = new Map(cells.map(([, name, field, text]) => [`${name} ${field}`, text]));
    const expected = new Map<string, string>();
    for (const result of results.cases) {
      for (const [field, format] of Object.entries(SHOWN)) {
        const value = result[field as keyof CaseResult] as number | undefined;
        if (value !== undefined) expected.set(`${result.name} ${field}`, format(value));
      }
    }
    expect(shown).toEqual(expected);
  });

  it('say in the marks of the charts what the tables say', () => {
    const results = sampleResults();
    const titles = [...resultsToHtml(results).matchAll(/<title>([^<]*, \d+ dims: [^<]*)<\/title>/g)].map(
      ([, text]) => text,
    );
    const count = (test: (result: CaseResult) => boolean) => results.cases.filter(test).length;
    // Times of all; rates of all that have one but the baseline.
    expect(titles).toHaveLength(
      results.cases.length +
        count(({ variant, gigabytesPerSecond }) => variant !== 'javascript' && gigabytesPerSecond !== undefined),
    );
    const sort = results.cases.find(({ name }) => name === 'sort/768/simd')!;
    expect(titles).toContain(`SIMD WASM, 768 dims: ${formatNumber(sort.minNsPerVector)} ns`);
  });

  it('show what a graph finds at what speed, a curve for each size', () => {
    const html = resultsToHtml(sampleResults());
    const figure = /<figure id="recall">.*?<\/figure>/s.exec(html)![0];
    const titles = [...figure.matchAll(/<title>([^<]*)<\/title>/g)].map(([, text]) => text);
    const expected = sampleResults().cases.flatMap(({ recall }) => {
      if (!recall) return [];
      const points = recall.curve.map(({ effort, recall: found, queriesPerSecond }) => {
        return `effort ${effort}: recall@10 ${formatPercent(found)}, ${formatQueryRate(queriesPerSecond)}`;
      });
      return [...points, `exact: ${formatQueryRate(recall.exactQueriesPerSecond)}`];
    });
    expect(titles).toEqual(expected);
    for (const size of ['128 dims', '768 dims']) expect(figure).toContain(size);
    const without = sampleResults({ cases: sampleResults().cases.filter(({ operation }) => operation !== 'graph') });
    expect(resultsToHtml(without)).not.toContain('id="recall"');
  });

  it('need nothing from elsewhere, run nothing and escape what comes from outside', () => {
    const html = resultsToHtml(sampleResults());
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|https?:/);
    expect(html).toContain('A &quot;fast&quot; &lt;CPU&gt; &amp; more');
    expect(html).not.toContain('<CPU>');
  });

  it('can show a single case, with no figure but those there are', () => {
    const one = (name: string): BenchmarkResults => {
      const { cases } = sampleResults();
      return sampleResults({ cases: cases.filter((result) => result.name === name) });
    };
    for (const name of ['sort/128/javascript', 'sort/128/threads']) {
      expect(resultsToHtml(one(name))).not.toMatch(/NaN|Infinity|undefined/);
      expect(resultsToMarkdown(one(name))).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});

describe('results as Markdown', () => {
  it('show the minima, speed-ups and rates of the JSON in a table for each operation', () => {
    const results = sampleResults();
    const lines = resultsToMarkdown(results).split('\n');
    expect(lines.filter((line) => line.startsWith('### '))).toEqual([
      '### Magnitude',
      '### Normalise',
      '### Sort',
      '### Pipeline: magnitude, normalise, sort',
      '### Many small calls, 8 vectors each',
      '### Search: the nearest 10, by inner product',
      '### Graph: the nearest 10, by inner product, at a recall of 0.95',
    ]);
    const own = results.cases.filter(({ operation, dims }) => operation === 'pipeline' && dims === 768);
    const others = own.slice(1);
    const cells = [
      '768',
      ...own.map(({ minNsPerVector }) => formatNumber(minNsPerVector)),
      ...others.map(({ speedup }) => formatSpeedup(speedup!)),
      ...others.map(
        (result) => `${formatNumber(result.gigabytesPerSecond!)} (${formatPercent(result.bandwidthShare!)})`,
      ),
    ];
    // The table is cut where it would be too wide; each part begins with the size.
    const pipeline = lines.slice(
      lines.indexOf('### Pipeline: magnitude, normalise, sort'),
      lines.indexOf('### Many small calls, 8 vectors each'),
    );
    const found = pipeline
      .filter((line) => line.startsWith('| 768'))
      .flatMap((line) =>
        line
          .slice(2, -2)
          .split('|')
          .slice(1)
          .map((cell) => cell.trim()),
      );
    expect(['768', ...found]).toEqual(cells);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('warn first where the noise was so great that no figure is to be relied on', () => {
    const noisy = sampleResults({ noise: { oneThread: { low: 0.5, high: 1, ratios: 3 }, threads: undefined } });
    expect(resultsToMarkdown(noisy)).toMatch(
      /^Too noisy to rely on: the same code differed from itself by up to 100 %\./,
    );
    expect(resultsToMarkdown(sampleResults())).not.toContain('Too noisy');
  });

  it('begin with the machine, the method, the memory and the noise', () => {
    const text = resultsToMarkdown(sampleResults()).replaceAll('\n', ' ');
    expect(text).toMatch(/SIMD × 2 is 10.0 times as fast as JavaScript\./);
    expect(text).toContain('simdex 1.2.3, Node 20, linux x64, A "fast" <CPU> & more, 2 cores, 16.0 GiB; 2026-01-31.');
    expect(text).toContain('Memory: 31.0 GB/s (copy 22.5, read 31.0, update 28.3).');
    expect(text).toContain('Noise band (A/A), one thread: 0.980–1.010 (±2.04 %).');
    expect(text).toContain('Noise band (A/A), runs on 2 threads: 0.950–1.080 (±8.00 %).');
    expect(resultsToMarkdown({ ...sampleResults(), threads: 1 }).replaceAll('\n', ' ')).toContain(
      'runs on 1 thread: 0.950',
    );
  });
});
