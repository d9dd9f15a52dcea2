/**
 * Pages of several reports, and pages with a script: figures and curves are those of the JSON, and names from outside stay
 * text wherever they stand.
 */
import { createHash } from 'node:crypto';
import { IndexingPerformanceReport as PackageReport } from 'simdex';
import { IndexingPerformanceReport as BuiltReport, renderReport as renderBuilt } from 'simdex/report';
import { describe, expect, test } from 'vitest';
import { IndexingPerformanceReport as GraphReport } from '../../src/reporting/graph-report.js';
import { renderReport } from '../../src/reporting/render-report.js';
import { IndexingPerformanceReport } from '../../src/reporting/report.js';
import type { IndexingPerformanceReportData } from '../../src/reporting/report-data.js';
import { summarizeRun } from '../../src/reporting/summarize-run.js';
import { curvesOf, figuresOf, lanesOf, readValue, textOf, valueAt } from './page-reader.js';
import { allParts, sampleRun } from './report-samples.js';

const sample = (changes: Partial<IndexingPerformanceReportData> = {}) =>
  new IndexingPerformanceReport({ ...summarizeRun(sampleRun(), allParts), ...changes });

/** Twice as long as the first, otherwise the same. */
const slower = () => sample({ totalTimeMs: 1000, vectorsPerSecond: 1200 });

const evil = '</script><script>alert(1)</script><!-- " \' \u2028\n=cmd()';

describe('one report', () => {
  test('is the page that toHtml gives', () => {
    expect(renderReport(sample())).toBe(sample().toHtml());
    expect(renderReport([sample()])).toBe(sample().toHtml());
    expect(renderReport(JSON.parse(JSON.stringify(sample())))).toBe(sample().toHtml());
  });

  test('is the same from the package as built', () => {
    expect(renderBuilt(BuiltReport.fromJSON(sample().toJSON()), { interactive: true })).toBe(
      renderReport(sample(), { interactive: true }),
    );
  });

  test('tells of a graph as toHtml does, from the package as built, too', () => {
    const graph = {
      rows: 1000,
      degree: 32,
      effort: 128,
      bytes: 260_000,
      buildMs: 200,
      k: 10,
      curve: [{ effort: 16, recall: 0.9, queriesPerSecond: 20_000 }],
      exactQueriesPerSecond: 3000,
    };
    const page = new GraphReport({ ...sample(), graph }).toHtml();
    expect(curvesOf(page, 'recall')).toHaveLength(1);
    expect(renderReport(sample({ graph }))).toBe(page);
    const json = sample({ graph }).toJSON();
    for (const Report of [BuiltReport, PackageReport]) expect(Report.fromJSON(json).toHtml()).toBe(page);
  });

  test('has the title given', () => {
    const html = renderReport(sample(), { title: 'Nightly <run>' });
    expect(html).toContain('<title>Nightly &lt;run&gt;</title>');
    expect(html).toContain('<h1>Nightly &lt;run&gt;</h1>');
  });
});

describe('several reports', () => {
  const reports = [sample(), slower(), sample({ queueDepth: undefined, batchSizeHistory: undefined })];
  const html = renderReport(reports, { names: ['old', 'new', 'bare'] });

  test('have each figure of each report', () => {
    const figures = figuresOf(html);
    for (const [run, report] of reports.entries()) {
      const json = JSON.parse(JSON.stringify(report));
      const own = figures.filter((figure) => figure.run === run);
      expect(own.length).toBeGreaterThan(30);
      for (const { path, text } of own) {
        const expected = path === 'score' ? report.calculatePerformanceScore() : Number(valueAt(json, path));
        expect(Math.abs(readValue(text) - expected), path).toBeLessThanOrEqual(0.0051 * expected);
      }
    }
  });

  test('tell the change from the first, and which way is better', () => {
    const rowOf = (name: string) =>
      textOf(`<body>${/<tr>.*<\/tr>/.exec(html.slice(html.indexOf(`<tr><th scope="row">${name}<`)))![0]}`).trim();
    expect(rowOf('Total Time')).toBe('Total Time 500 ms 1.00 s +100 %, worse 500 ms same');
    expect(rowOf('Throughput')).toBe('Throughput 2,400 vectors/s 1,200 vectors/s −50.0 %, worse 2,400 vectors/s same');
    expect(rowOf('Mean Queue Depth')).toBe('Mean Queue Depth 1.00 1.00 same not measured');
  });

  test('have their curves in one chart, on one axis, and say which has none', () => {
    const throughput = curvesOf(html, 'throughput');
    expect(throughput.map(({ run }) => run)).toEqual([0, 1, 2]);
    // A shorter run ends where it ended.
    expect(throughput.map(({ endX }) => Math.round(endX!))).toEqual([500, 1000, 500]);
    const depths = curvesOf(html, 'queue-depth');
    expect(depths.map(({ run }) => run)).toEqual([0, 1]);
    for (const { points } of depths) {
      expect(points.map(({ x }) => Math.round(x))).toEqual([0, 100, 400]);
      expect(points.map(({ y }) => Math.round(y))).toEqual([2, 1, 0]);
    }
    expect(textOf(html)).toContain('bare: Not measured: queueDepthMonitoring was off.');
    expect(curvesOf(html, 'magnitudes').map(({ points }) => points)).toEqual(
      new Array(3).fill(curvesOf(sample().toHtml(), 'magnitudes')[0]!.points),
    );
  });

  test('have the lanes of each', () => {
    expect(lanesOf(html, 'timeline-1').map(({ bars }) => bars.length)).toEqual([1, 2, 1]);
    expect(lanesOf(html, 'work-2')[0]!.bars[0]!.toMs).toBeCloseTo(400, 1);
  });

  test('are called Run 1, Run 2, ... by default', () => {
    const text = textOf(renderReport(reports));
    for (const name of ['Run 1', 'Run 2', 'Run 3']) expect(text).toContain(name);
  });

  test('may be more than there are colours', () => {
    const many = renderReport(Array.from({ length: 11 }, sample));
    expect(curvesOf(many, 'throughput')).toHaveLength(11);
    expect(many).toContain('class="curve run-2" data-run="10"');
  });
});

describe('names and texts from outside', () => {
  test.each([false, true])('stay text (interactive: %s)', (interactive) => {
    const reports = [sample({ recommendations: [evil] }), sample()];
    const html = renderReport(reports, { names: [evil, 'b'], title: evil, interactive });
    const scripts = html.match(/<script/g) ?? [];
    expect(scripts).toHaveLength(interactive ? 1 : 0);
    expect(html).not.toContain('<!--');
    expect(html.split('</script>').length - 1).toBe(scripts.length);
    expect(textOf(html)).toContain(evil.replaceAll(/\s+/g, ' '));
    // Nor do they end the attribute that holds the curves.
    for (const [, data] of html.matchAll(/data-curves="([^"]*)"/g)) expect(data).not.toMatch(/[<>]/);
  });
});

describe('an interactive page', () => {
  const html = renderReport([sample(), slower()], { interactive: true });

  test('has everything in it, and a policy that lets nothing run but its script', () => {
    const [, code] = /<script>([\s\S]*)<\/script>/.exec(html)!;
    const hash = createHash('sha256').update(code!, 'utf8').digest('base64');
    expect(html).toContain(`script-src &#39;sha256-${hash}&#39;`);
    expect(html).toContain('default-src &#39;none&#39;');
    expect(html).not.toMatch(/<link|<img|<iframe|@import|url\(|\ssrc=/);
    expect(code).toContain('Leon Sorokin');
  });

  test('gives the script the points of every curve', () => {
    const charts = [...html.matchAll(/data-curves="([^"]*)"/g)].map(([, data]) =>
      JSON.parse(data!.replaceAll('&quot;', '"').replaceAll('&amp;', '&')),
    );
    expect(charts.map(({ name }) => name)).toEqual([
      'throughput',
      'progress',
      'queue-depth',
      'index-times',
      'magnitudes',
    ]);
    const depth = charts.find(({ name }) => name === 'queue-depth');
    expect(depth.curves.map(({ points }: { points: unknown }) => points)).toEqual(
      new Array(2).fill(sample().queueDepth!.samples.map(({ atMs, depth }) => ({ x: atMs, y: depth }))),
    );
  });

  test('reads without its script', () => {
    const still = renderReport([sample(), slower()]);
    const withoutScript = html
      .replace(/<script>[\s\S]*<\/script>/, '')
      .replace(/ data-curves="[^"]*"/g, '')
      .replace(/<head>[\s\S]*<\/head>/, '');
    expect(withoutScript).toBe(still.replace(/<head>[\s\S]*<\/head>/, ''));
  });
});

describe('what does not fit is refused', () => {
  test.each([
    [[], {}, 'reports must be a report or an array of at least one'],
    [[sample()], { names: ['a', 'b'] }, 'names must be an array of 1'],
    [[sample()], { names: [1] }, 'names must be an array of 1'],
    [[sample()], { title: 5 }, 'title must be a string, got 5'],
    [[sample()], { interactive: 'yes' }, 'interactive must be true or false, got "yes"'],
    [[sample()], { zoom: true }, 'options.zoom must be one of interactive, names, title'],
    [[sample(), { totalVectors: 'x' }], {}, 'report.totalVectors must be a whole number from 0, got "x"'],
    [null, {}, 'report.totalVectors must be'],
  ])('%#', (reports, options, sentence) => {
    const render = renderReport as (reports: unknown, options: unknown) => string;
    expect(() => render(reports, options)).toThrow(
      expect.objectContaining({ code: 'InvalidConfiguration', message: expect.stringContaining(sentence) }),
    );
  });
});
