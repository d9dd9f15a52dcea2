/**
 * What `simdex index` tells: the summary, its JSON and the reports agree with each other and with the truth.
 */

import { IndexingPerformanceReport } from 'simdex';
import { describe, expect, test } from 'vitest';
import { npyBytes, plainEnvironment, randomRows, reference, runWell, temporaryDirectory } from './support.js';

const DIMS = 16;
const COUNT = 30_000;
const REJECTED = 30;

const directory = temporaryDirectory();
const bytes = npyBytes(
  randomRows(COUNT, DIMS, 3).map((row, i) => (i % 1000 === 5 ? row.fill(i % 2000 === 5 ? 0 : Number.NaN) : row)),
);
const input = directory.write('figures.npy', bytes);
const few = directory.write('few.npy', npyBytes(randomRows(20, DIMS, 4)));

function parseCsv(text: string): Map<string, { value: number; unit: string }> {
  const [header, ...lines] = text.trimEnd().split('\n');
  expect(header).toBe('metric,value,unit');
  return new Map(
    lines.map((line) => {
      const [metric, value, unit] = line.split(',');
      return [metric!, { value: Number(value), unit: unit! }];
    }),
  );
}

test('a report says what it is about, and where the whole time of the command went', async () => {
  const page = directory.at('about.html');
  await runWell([
    'index',
    input,
    few,
    '--on-invalid',
    'skip',
    '--report',
    directory.at('about.json'),
    '--report',
    page,
  ]);
  const { subject, phases, totalTimeMs } = JSON.parse(directory.read('about.json').toString());
  expect(subject).toEqual({
    input: `${input}, ${few}`,
    rows: COUNT + 20,
    dims: DIMS,
    order: 'original',
    machine: expect.stringMatching(/\w/),
    cores: expect.any(Number),
    versions: { simdex: expect.stringMatching(/^\d/), Node: process.versions.node, V8: process.versions.v8 },
    date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
  const names = phases.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(['starting', 'reading', 'indexing', 'writing', 'report']));
  const sum = phases.reduce((all: number, { ms }: { ms: number }) => all + ms, 0);
  expect(sum).toBeGreaterThanOrEqual(totalTimeMs);
  const html = directory.read('about.html').toString();
  for (const words of ['figures.npy', '30,020', process.versions.node]) expect(html).toContain(words);
});

test('--json, --report .json and --report .csv agree, and counts are exact', async () => {
  const reports = ['--report', directory.at('r.json'), '--report', directory.at('r.csv')];
  const flags = ['--on-invalid', 'skip', '--threads', '3', '--batch-size', '700', '--order', 'sorted', '--json'];
  const { stdout } = await runWell(['index', input, input, ...flags, ...reports]);
  const summary = JSON.parse(stdout);
  const report = JSON.parse(directory.read('r.json').toString());
  const csv = parseCsv(directory.read('r.csv').toString());
  const indexed = 2 * (COUNT - REJECTED);

  expect(summary).toMatchObject({
    files: [input, input],
    vectors: 2 * COUNT,
    dims: DIMS,
    indexed,
    rejected: 2 * REJECTED,
    order: 'sorted',
    threads: 3,
    batchSize: 700,
    written: [directory.at('r.json'), directory.at('r.csv')],
  });
  expect(report).toMatchObject({ totalVectors: indexed, rejectedCount: 2 * REJECTED, batchSize: 700, threadCount: 3 });
  for (const field of ['totalTimeMs', 'vectorsPerSecond', 'threadEfficiency', 'batchSize', 'recommendations']) {
    expect(summary[field], field).toEqual(report[field]);
  }
  expect(summary.kernel).toBe(report.backend.kernel);
  expect(summary.vectorsPerSecond).toBeCloseTo((1000 * indexed) / summary.totalTimeMs, 6);
  expect(summary.bytesPerSecond).toBeCloseTo((1000 * 2 * bytes.length) / summary.totalTimeMs, 6);

  const operations = report.threadPerformance.map(
    (thread: { operationsCompleted: number }) => thread.operationsCompleted,
  );
  expect(operations).toHaveLength(3);
  expect(operations.reduce((sum: number, count: number) => sum + count)).toBe(indexed);
  expect(csv.get('total_vectors')).toEqual({ value: indexed, unit: 'count' });
  expect(csv.get('rejected_vectors')!.value).toBe(2 * REJECTED);
  expect(csv.get('batch_size')!.value).toBe(700);
  expect(csv.get('total_time_ms')!.value).toBe(report.totalTimeMs);
  expect(csv.get('throughput')!.value).toBeCloseTo(report.vectorsPerSecond, 2);
  expect(csv.get('performance_score')!.value).toBe(summary.score);
  operations.forEach((count: number, threadId: number) => {
    expect(csv.get(`thread_${threadId}_operations`)!.value).toBe(count);
  });
});

test('--report .html and .trace.json show the same run as .json', async () => {
  const names = ['p.html', 'p.TRACE.json', 'p.json'];
  const { stdout } = await runWell([
    ...['index', input, '--on-invalid', 'skip', '--threads', '2', '--batch-size', '5000', '--json'],
    ...names.flatMap((name) => ['--report', directory.at(name)]),
  ]);
  const [html, trace, json] = names.map((name) => directory.read(name).toString());
  const report = IndexingPerformanceReport.fromJSON(json);
  expect(report.totalVectors).toBe(COUNT - REJECTED);
  expect(html).toBe(report.toHtml());
  expect(trace).toBe(`${report.toTrace()}\n`);
  expect(JSON.parse(stdout).written).toEqual(names.map((name) => directory.at(name)));
});

test('the summary tells the same to people', async () => {
  const out = directory.at('out.npy');
  const { stdout, stderr } = await runWell(['index', input, '--on-invalid', 'skip', '--out', out, '--threads', '2']);
  const [first, ...lines] = stdout.trimEnd().split('\n');
  expect(first).toBe(`Indexed 29,970 vectors of 16 components, original order, from ${input}`);
  expect(lines.slice(0, 5).map((line) => line.trim().split(/\s{2,}/)[0])).toEqual([
    'time',
    'throughput',
    'threads',
    'rejected',
    'score',
  ]);
  expect(stdout).toMatch(/^ {2}threads +2 \(\w+ kernel\), efficiency [\d.]+ %$/m);
  expect(stdout).toMatch(/^ {2}rejected +30$/m);
  expect(lines.at(-1)).toBe(`Wrote ${out}`);
  // A short run needs no progress.
  expect(stderr).toBe('');
});

test('no figure that is not zero is shown as zero', async () => {
  const { stdout } = await runWell(['index', few]);
  expect(stdout).toMatch(/^Indexed 20 vectors of 16 components/);
  expect(stdout).toMatch(/^ {2}throughput +[\d,.]*[1-9][\d,.]* vectors\/s, [\d,.]*[1-9][\d,.]* MB\/s$/m);
});

test('a run without rejected rows, of one file, by default', async () => {
  const { stdout } = await runWell(['index', few, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    vectors: 20,
    indexed: 20,
    rejected: 0,
    order: 'original',
    written: [],
  });
});

test('--quiet prints nothing, and with --json only the summary', async () => {
  const silent = await runWell(['index', few, '--quiet', '--magnitudes', directory.at('q.npy')]);
  expect(silent).toMatchObject({ stdout: '', stderr: '' });
  expect(directory.names()).toContain('q.npy');
  const json = await runWell(['index', few, '--quiet', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ indexed: 20 });
});

describe('colours', () => {
  const bold = '\x1b[1m';
  test.each([
    ['none where standard output is no terminal', {}, false],
    ['none there in CI either', { CI: 'true' }, false],
    ['as FORCE_COLOR asks', { FORCE_COLOR: '1' }, true],
    ['none with FORCE_COLOR=0', { FORCE_COLOR: '0' }, false],
    ['none with NO_COLOR, whatever else', { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('%s', async (_, env, coloured) => {
    const { stdout } = await runWell(['index', few], { env: plainEnvironment(env) });
    expect(stdout.includes(bold)).toBe(coloured);
    expect(stdout.includes('\x1b')).toBe(coloured);
  });

  test('never in JSON', async () => {
    const { stdout } = await runWell(['index', few, '--json'], { env: plainEnvironment({ FORCE_COLOR: '1' }) });
    expect(() => JSON.parse(stdout)).not.toThrow();
  });
});

test('the reference and the file agree on what is rejected', () => {
  // The oracle of this file: the rows spoilt above are those that the reference rejects.
  expect(reference(new Array(DIMS).fill(0)).code).toBe('ZeroMagnitude');
  expect(reference(new Array(DIMS).fill(Number.NaN)).code).toBe('NonFinite');
});
