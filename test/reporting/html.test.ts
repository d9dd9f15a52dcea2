/**
 * A report as a page: every figure and every picture is compared with the report's JSON, and nothing from outside gets out
 * of its place.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IndexingPerformanceReport } from '../../src/reporting/graph-report.js';
import type { IndexingPerformanceReportData } from '../../src/reporting/report-data.js';
import { summarizeRun } from '../../src/reporting/summarize-run.js';
import { runsOf } from '../seed.js';
import { curvesOf, figuresOf, lanesOf, plotIn, readValue, textOf, valueAt } from './page-reader.js';
import { allParts, anyReportData, noParts, sampleRun, timesOf } from './report-samples.js';

const sample = (changes: Partial<IndexingPerformanceReportData> = {}) =>
  new IndexingPerformanceReport({ ...summarizeRun(sampleRun(), allParts), ...changes });

/** A run that looked at no vector, with all parts. */
const none = (totalTimeMs: number) =>
  new IndexingPerformanceReport(
    summarizeRun(
      {
        ...sampleRun(),
        totalTimeMs,
        rejectedCount: 0,
        threads: [{ busyMs: 0, indexTimes: timesOf() }],
        batches: [],
        completed: [],
        magnitudes: new (Object.getPrototypeOf(sampleRun().magnitudes).constructor)(),
        copyIn: undefined,
        batchSizes: [],
        queueDepths: [{ atMs: 0, depth: 0 }],
      },
      allParts,
    ),
  );

describe('the page', () => {
  test('has title, heading, sections, row names and columns by the names people know', () => {
    const html = sample().toHtml();
    expect(html).toContain('<title>Indexing Performance Report</title>');
    expect(html).toContain('<h1>Parallel Indexing Performance Report</h1>');
    const headings = [...html.matchAll(/<h2>([^<]*)<\/h2>/g)].map(([, text]) => text);
    expect(headings).toEqual(
      expect.arrayContaining(['Overall Performance', 'Thread Performance', 'Optimization Recommendations']),
    );
    const section = html.slice(html.indexOf('<h2>Overall Performance'));
    const overall = section.slice(0, section.indexOf('</section>'));
    expect([...overall.matchAll(/<th scope="row">([^<]*)</g)].map(([, text]) => text)).toEqual([
      'Total Vectors',
      'Total Time',
      'Throughput',
      'Average Vector Time',
      'Thread Count',
      'Thread Efficiency',
      'Batch Size',
    ]);
    const threads = html.slice(html.indexOf('<h2>Thread Performance'));
    const head = threads.slice(threads.indexOf('<thead>'), threads.indexOf('</thead>'));
    expect([...head.matchAll(/<th scope="col">([^<]*)</g)].map(([, text]) => text)).toEqual([
      'Thread ID',
      'Operations',
      'Avg Time',
      'Min Time',
      'Max Time',
    ]);
  });

  test('shows every figure as the JSON has it, and none that is not zero as zero', () => {
    fc.assert(
      fc.property(anyReportData, (data) => {
        const report = new IndexingPerformanceReport(data);
        const json = JSON.parse(JSON.stringify(report));
        for (const { path, value, text } of figuresOf(report.toHtml())) {
          const expected = path === 'score' ? report.calculatePerformanceScore() : valueAt(json, path);
          expect(Number(value), path).toBe(expected);
          const shown = readValue(text);
          expect(shown === 0, `${path}: ${text}`).toBe(expected === 0);
          // Floats run out of digits at the one end and out of range at the other.
          if (Number(expected) < 1e-300 || Number(expected) > 1e300) continue;
          expect(Math.abs(shown - Number(expected)), `${path}: ${text}`).toBeLessThanOrEqual(0.0051 * Number(expected));
        }
      }),
      runsOf(300),
    );
  });

  test('says what it is about, and where the time went, adding up to the whole', () => {
    const text = textOf(sample().toHtml());
    expect(text).toContain(
      'Input vectors.npy Rows 1,203 × 8 components Order sorted, components ascending Machine AMD EPYC 9R14 Cores 2 Versions simdex 0.1.0, Node 20.20.2 Date 2026-03-01 12:00 UTC',
    );
    expect(text).toMatch(/Indexing 420 ms 84.0 % Everything else 80.0 ms 16.0 % From start to end 500 ms/);
    const told = sample({ subject: undefined }).toHtml();
    expect(textOf(told)).not.toContain('What This Is About');
    expect(textOf(sample({ phases: undefined }).toHtml())).not.toContain('Where the Time Went');
    const hostile = { ...sampleRun().subject!, input: '<img src=x onerror=alert(1)>' };
    expect(sample({ subject: hostile }).toHtml()).not.toContain('<img');
  });

  test('shows all of them', () => {
    const paths = new Set(figuresOf(sample().toHtml()).map(({ path }) => path));
    const perThread = [0, 1].flatMap((i) => [
      `threadTimesMs.${i}`,
      `threadUtilization.${i}`,
      ...['operationsCompleted', 'averageTimeMs', 'minTimeMs', 'maxTimeMs'].map((f) => `threadPerformance.${i}.${f}`),
    ]);
    const times = ['meanMs', 'p50Ms', 'p95Ms', 'p99Ms', 'minMs', 'maxMs', 'stdDevMs'].map((f) => `indexTime.${f}`);
    expect([...paths].sort()).toEqual(
      [
        'score',
        'phases.0.ms',
        'phases.1.ms',
        'totalVectors',
        'totalTimeMs',
        'vectorsPerSecond',
        'averageVectorTimeMs',
        'threadCount',
        'threadEfficiency',
        'batchSize',
        'rejectedCount',
        'timingGroupSize',
        'batches.length',
        'queueDepth.mean',
        'queueDepth.max',
        'copyIn.bytes',
        'copyIn.busyMs',
        'copyIn.endedAtMs',
        'optimizations.0.before',
        'optimizations.0.after',
        'optimizations.0.effect',
        'optimizations.1.before',
        ...times,
        ...perThread,
      ].sort(),
    );
  });

  test('names what held the run back, with its share and time', () => {
    const bottlenecks = [
      { name: 'copying' as const, share: 0.4, lostMs: 200, gainMs: 200, recommendation: 'Do not copy.' },
      { name: 'start-up' as const, share: 0.1, lostMs: 50, gainMs: 50, recommendation: 'Begin before.' },
    ];
    const html = sample({ bottlenecks }).toHtml();
    const paths = figuresOf(html).map(({ path }) => path);
    for (const i of [0, 1]) {
      expect(paths).toContain(`bottlenecks.${i}.share`);
      expect(paths).toContain(`bottlenecks.${i}.lostMs`);
    }
    expect(textOf(html)).toMatch(/Copying rows in 40.0 % 200 ms Start-up of threads 10.0 % 50.0 ms/);
    expect(textOf(sample().toHtml())).toContain('No cause took so much of the time that a change of it would pay');
    expect(textOf(sample({ conditions: undefined }).toHtml())).toContain('the batches were not timed');
  });

  test('tells what was tuned, and is silent without a tuner', () => {
    expect(textOf(sample().toHtml())).toMatch(
      /Tuning .* threads between runs 4 2 1.25 kept vectors in a batch between runs 300 to be chosen not yet known measuring/,
    );
    expect(textOf(sample({ optimizations: [] }).toHtml())).toContain('Nothing was changed.');
    expect(sample({ optimizations: undefined }).toHtml()).not.toContain('Tuning');
  });

  test('draws what a graph finds and how fast, the exact search last, and is silent without a graph', () => {
    const graph = {
      rows: 100_000,
      degree: 32,
      effort: 128,
      bytes: 26_000_000,
      buildMs: 21_400,
      k: 10,
      curve: [
        { effort: 16, recall: 0.81, queriesPerSecond: 20_000 },
        { effort: 100, recall: 0.955, queriesPerSecond: 9_200 },
        { effort: 400, recall: 0.9925, queriesPerSecond: 2_900 },
      ],
      exactQueriesPerSecond: 310,
    };
    const html = sample({ graph }).toHtml();
    const [curve, ...others] = curvesOf(html, 'recall');
    expect(others).toEqual([]);
    const expected = [...graph.curve, { recall: 1, queriesPerSecond: 310 }];
    expect(curve!.points).toHaveLength(expected.length);
    for (const [i, { x, y }] of curve!.points.entries()) {
      expect(x).toBeCloseTo(expected[i]!.recall, 4);
      expect(y / expected[i]!.queriesPerSecond).toBeCloseTo(1, 2);
    }
    const titles = [...plotIn(html, 'recall')!.matchAll(/<title>([^<]*)</g)].map(([, title]) => title);
    expect(titles).toEqual([
      'effort 16: recall@10 81.0 %, 20,000 queries/s',
      'effort 100: recall@10 95.5 %, 9,200 queries/s',
      'effort 400: recall@10 99.3 %, 2,900 queries/s',
      'exact: 310 queries/s',
    ]);
    const paths = figuresOf(html).map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'graph.rows',
        'graph.buildMs',
        'graph.bytes',
        'graph.curve.2.recall',
        'graph.exactQueriesPerSecond',
      ]),
    );
    expect(sample().toHtml()).not.toContain('<h2>Graph</h2>');
    const unmeasured = { ...graph, curve: [], exactQueriesPerSecond: Number.NaN };
    expect(textOf(sample({ graph: unmeasured }).toHtml())).toContain('Nothing was measured.');
  });

  test('sums up the batch sizes', () => {
    const html = sample({
      batchSizeHistory: [
        { batchSize: 300, vectorsPerSecond: 100 },
        { batchSize: 64, vectorsPerSecond: 50 },
        { batchSize: 300, vectorsPerSecond: 300 },
      ],
    }).toHtml();
    const cells = [...html.matchAll(/data-batch-size="(\d+)" data-field="(\w+)" data-value="([\d.]+)">([^<]*)</g)];
    expect(cells.map(([, size, field, value, text]) => [size, field, value, text])).toEqual([
      ['64', 'uses', '1', '1'],
      ['64', 'meanPerSecond', '50', '50.0 vectors/s'],
      ['64', 'bestPerSecond', '50', '50.0 vectors/s'],
      ['300', 'uses', '2', '2'],
      ['300', 'meanPerSecond', '200', '200 vectors/s'],
      ['300', 'bestPerSecond', '300', '300 vectors/s'],
    ]);
  });

  test('says what is wrong, in its own section and on top', () => {
    const report = sample({ recommendations: ['First of all.', 'Then & later.'], bottlenecks: [] });
    const html = report.toHtml();
    expect(html.slice(html.indexOf('Optimization Recommendations'))).toMatch(
      /<li>First of all\.<\/li><li>Then &amp; later\.<\/li>/,
    );
    expect(textOf(html.slice(0, html.indexOf('<h2>')))).toContain('First of all. 1 more recommendation');
  });

  test('puts what cost most on top', () => {
    const bottlenecks = [
      { name: 'copying' as const, share: 0.3, lostMs: 150, gainMs: 150, recommendation: 'Then & later.' },
    ];
    const html = sample({ recommendations: ['First of all.', 'Then & later.'], bottlenecks }).toHtml();
    expect(textOf(html.slice(0, html.indexOf('<h2>')))).toContain('Then & later. 1 more recommendation');
    expect(textOf(html)).toContain('Copying rows in 30.0 % 150 ms');
  });
});

describe('pictures', () => {
  /** Drawn to two decimals on 1000 by 150 places. */
  function expectDrawn(found: { x: number; y: number }[], expected: { x: number; y: number }[], endX: number) {
    const highest = Math.max(...expected.map(({ y }) => y));
    expect(found).toHaveLength(expected.length);
    expected.forEach(({ x, y }, i) => {
      expect(Math.abs(found[i]!.x - x)).toBeLessThanOrEqual(endX * 1e-5);
      expect(Math.abs(found[i]!.y - y)).toBeLessThanOrEqual(highest * 1e-4);
    });
  }

  test('the queue over time, sample for sample', () => {
    const html = sample().toHtml();
    const [curve] = curvesOf(html, 'queue-depth');
    expectDrawn(
      [...curve!.points],
      sample().queueDepth!.samples.map(({ atMs, depth }) => ({ x: atMs, y: depth })),
      500,
    );
    expect(curve!.endX).toBeCloseTo(500, 3);
  });

  test('the vectors indexed, batch for batch', () => {
    const [curve] = curvesOf(sample().toHtml(), 'progress');
    const expected = sample().completed.map(({ atMs, vectors }) => ({ x: atMs, y: vectors }));
    expectDrawn([...curve!.points], [{ x: 0, y: 0 }, ...expected], 500);
  });

  test('throughput, of which the area is the number of vectors', () => {
    const [curve] = curvesOf(sample().toHtml(), 'throughput');
    expect(curve!.points).toHaveLength(sample().batches.length);
    const ends = [...curve!.points.slice(1).map(({ x }) => x), curve!.endX!];
    const area = curve!.points.reduce((sum, { x, y }, i) => sum + (y * (ends[i]! - x)) / 1000, 0);
    expect(area).toBeCloseTo(sample().totalVectors, 0);
  });

  test('index times and magnitudes, bucket for bucket', () => {
    const buckets = [3, 1, 0, 7, 2].map((count, i) => ({ bucket: -40 + i, count })).filter(({ count }) => count > 0);
    const histogram = { zeros: 0, buckets };
    const html = sample({ indexTimeHistogram: histogram, magnitudeHistogram: histogram }).toHtml();
    for (const plot of ['index-times', 'magnitudes']) {
      const [curve] = curvesOf(html, plot);
      expect(curve!.points).toHaveLength(5);
      curve!.points.forEach(({ x, y }, i) => {
        expect(x).toBeCloseTo(2 ** ((-40 + i) / 32), 5);
        // What is not zero is two pixels high at least; none of these is that low.
        expect(y).toBeCloseTo([3, 1, 0, 7, 2][i]! / 13, 3);
      });
      expect(curve!.endX).toBeCloseTo(2 ** (-35 / 32), 5);
    }
  });

  test('a rare value can be seen', () => {
    const buckets = [
      { bucket: 0, count: 1_000_000 },
      { bucket: 5, count: 1 },
    ];
    const [curve] = curvesOf(sample({ magnitudeHistogram: { zeros: 0, buckets } }).toHtml(), 'magnitudes');
    const highest = Math.max(...curve!.points.map(({ y }) => y));
    expect(curve!.points.at(-1)!.y).toBeGreaterThan(highest / 100);
    expect(curve!.points.at(-2)!.y).toBe(0);
  });

  test('busy times and batches of each thread', () => {
    const html = sample().toHtml();
    const work = lanesOf(html, 'work-0');
    expect(work.map(({ name }) => name)).toEqual(['0', '1']);
    work.forEach(({ bars }, i) => {
      expect(bars).toHaveLength(1);
      expect(bars[0]!.fromMs).toBe(0);
      expect(bars[0]!.toMs).toBeCloseTo(sample().threadTimesMs[i]!, 1);
    });
    const [copy, ...threads] = lanesOf(html, 'timeline-0');
    expect(copy!.bars[0]!.toMs).toBeCloseTo(90, 1);
    threads.forEach(({ bars }, threadId) => {
      const own = sample().batches.filter((batch) => batch.threadId === threadId);
      expect(bars).toHaveLength(own.length);
      own.forEach(({ claimedAtMs, endedAtMs, vectors }, i) => {
        expect(bars[i]!.fromMs).toBeCloseTo(claimedAtMs, 1);
        expect(bars[i]!.toMs).toBeCloseTo(endedAtMs, 1);
        expect(bars[i]!.title).toContain(`1 batch, ${vectors} vectors`);
      });
    });
  });

  test('thousands of batches are joined where no gap shows, and hold all vectors still', () => {
    const batches = Array.from({ length: 5000 }, (_, i) => ({
      threadId: i % 2,
      vectors: 1,
      dims: 8,
      rejected: 0,
      claimedAtMs: Math.floor(i / 2) * 0.2,
      // A thread rests for a tenth of the run.
      endedAtMs: Math.floor(i / 2) * 0.2 + (i >= 2000 && i < 2500 && i % 2 === 1 ? 0 : 0.19),
    })).filter(({ claimedAtMs, endedAtMs }) => endedAtMs > claimedAtMs);
    const completed = batches.map(({ endedAtMs }, i) => ({ atMs: endedAtMs, vectors: i + 1 }));
    const html = sample({ batches, completed, totalVectors: batches.length, copyIn: undefined }).toHtml();
    const [first, second] = lanesOf(html, 'timeline-0');
    expect(first!.bars).toHaveLength(1);
    expect(second!.bars).toHaveLength(2);
    expect(second!.bars[0]!.toMs).toBeCloseTo(200, 0);
    expect(second!.bars[1]!.fromMs).toBeCloseTo(250, 0);
    expect(html.length).toBeLessThan(200_000);
    const vectors = [...first!.bars, ...second!.bars].map(({ title }) => /, ([\d,]+) vectors?:/.exec(title)![1]!);
    expect(vectors.reduce((sum, text) => sum + Number(text.replace(',', '')), 0)).toBe(batches.length);
  });

  test('have a name for those who do not see them, and stand in figures with a caption', () => {
    const html = sample().toHtml();
    const figures = html.match(/<figure[\s\S]*?<\/figure>/g)!;
    expect(figures).toHaveLength(7);
    for (const figure of figures) {
      expect(figure).toMatch(/<figcaption><strong>[^<]+<\/strong>/);
      expect(figure).toMatch(/role="img" aria-label="[^"]{20,}"/);
    }
  });

  const pictures = ['throughput', 'progress', 'queue-depth', 'work-0', 'timeline-0', 'index-times', 'magnitudes'];

  test.each(pictures.flatMap((figure) => [0, 20].map((ms) => [figure, ms] as const)))(
    '%s: words where there is nothing to draw, in a run of %i ms',
    (figure, totalTimeMs) => {
      const html = none(totalTimeMs).toHtml();
      expect(plotIn(html, figure)).toBeUndefined();
      const words = html.slice(html.indexOf(`<figure id="${figure}"`));
      expect(words.slice(0, words.indexOf('</figure>'))).toMatch(/<p>[A-Z][^<]{10,}\.<\/p>/);
    },
  );

  test('and for parts that were switched off', () => {
    const text = textOf(new IndexingPerformanceReport(summarizeRun(sampleRun(), noParts)).toHtml());
    expect(text).toContain('Not measured: queueDepthMonitoring was off.');
    expect(text).toContain('Not measured: batchSizeMonitoring was off.');
    expect(text).toContain('enablePerThreadMonitoring was off');
    expect(text).not.toContain('of the run, 600 vectors');
  });

  test('one vector is told in words, not as a curve of one point', () => {
    const one = { zeros: 0, buckets: [{ bucket: 74, count: 1 }] };
    const html = sample({ totalVectors: 1, indexTimeHistogram: one, magnitudeHistogram: one }).toHtml();
    expect(plotIn(html, 'magnitudes')).toBeUndefined();
    expect(textOf(html)).toContain('1 vector between 4.97 and 5.08.');
  });

  test('times below the resolution of the clock are counted in words', () => {
    const histogram = { ...sample().indexTimeHistogram, zeros: 17 };
    expect(textOf(sample({ indexTimeHistogram: histogram }).toHtml())).toContain(
      '17 vectors in less time than the clock can tell.',
    );
  });

  test('the batches of a long stream, of which some are kept, make no picture full of gaps', () => {
    const html = sample({ totalVectors: 5000 }).toHtml();
    expect(plotIn(html, 'timeline-0')).toBeUndefined();
    expect(textOf(html)).toContain('A stream of many chunks');
  });
});

describe('what comes from outside', () => {
  const evil = "<script>alert(1)</script>\" onload='x'\n</style>&lt;\u2028";

  test('stays text', () => {
    const html = sample({ recommendations: [evil, evil] }).toHtml();
    expect(html).not.toContain('<script');
    expect(html.match(/<\/style>/g)).toHaveLength(1);
    expect(textOf(html)).toContain("<script>alert(1)</script>\" onload='x' </style>&lt;");
  });

  test('any report gives a page without broken numbers, whose tags are closed', () => {
    fc.assert(
      fc.property(anyReportData, (data) => {
        const html = new IndexingPerformanceReport(data).toHtml();
        const markup = html
          .replace(/<style>[\s\S]*?<\/style>/, '')
          .replace(/<li>[\s\S]*?<\/li>|class="advice">[^<]*/g, '');
        expect(/.{60}(NaN|Infinity|undefined|\[object).{20}/.exec(markup)?.[0]).toBeUndefined();
        const open = (tag: string) => (html.match(new RegExp(`<${tag}[ >]`, 'g')) ?? []).length;
        const closed = (tag: string) => (html.match(new RegExp(`</${tag}>`, 'g')) ?? []).length;
        for (const tag of ['svg', 'figure', 'table', 'section', 'g', 'div', 'p', 'text']) {
          expect(open(tag), tag).toBe(closed(tag));
        }
      }),
      runsOf(300),
    );
  });

  test('figures that are not numbers are told as such', () => {
    const html = sample({ totalTimeMs: Number.NaN, vectorsPerSecond: Number.POSITIVE_INFINITY }).toHtml();
    expect(figuresOf(html).find(({ path }) => path === 'totalTimeMs')!.text).toBe('n/a');
    expect(html).not.toMatch(/="[^"]*(NaN|Infinity)/);
  });

  test('the page asks for nothing from elsewhere, and its policy would not let it', () => {
    const html = sample().toHtml();
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|https?:|\son\w+=/);
    expect(html).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;">`,
    );
  });
});
