/**
 * Graphs by the command: an index that is saved with one, searches through it, and what is told of it.
 */
import { readdirSync } from 'node:fs';
import { VectorIndex } from 'simdex';
import { beforeAll, expect, test } from 'vitest';
import { figuresOf, textOf, valueAt } from '../reporting/page-reader.js';
import { npyBytes, randomRows, runRefused, runWell, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const COUNT = 1500;
const DIMS = 16;
const rows = randomRows(COUNT, DIMS, 3);
const input = directory.write('rows.npy', npyBytes(rows));

const [out, report, json] = ['a.safetensors', 'a.html', 'a.json'].map((name) => directory.at(name)) as [
  string,
  string,
  string,
];
let printed: string;
beforeAll(async () => {
  const args = ['index', input, '--out', out, '--graph', '--report', report, '--report', json, '--json', '--quiet'];
  printed = (await runWell(args)).stdout;
});

test('index --graph saves the index with its graph, and tells how good it is', async () => {
  const summary = JSON.parse(printed);
  const figures = JSON.parse(directory.read('a.json').toString());
  expect(summary.graph).toEqual(figures.graph);
  expect(figures.graph).toMatchObject({ rows: COUNT, degree: 32, effort: 128, k: 10 });
  expect(figures.graph.exactQueriesPerSecond).toBeGreaterThan(0);
  expect(figures.phases.map(({ name }: { name: string }) => name)).toContain('graph');

  const index = await VectorIndex.load(out, { threadCount: 1 });
  expect(index.graph).toMatchObject({ rows: COUNT, pending: 0 });
  const points = index.graph!.calibration.filter(({ k }) => k === 10);
  expect(figures.graph.curve.map(({ effort, recall }: { effort: number; recall: number }) => [effort, recall])).toEqual(
    points.map(({ effort, recall }) => [effort, recall]),
  );
  expect((await index.get(7))!.magnitude).toBeCloseTo(Math.hypot(...rows[7]!.map(Math.fround)), 3);
  await index.dispose();

  const page = directory.read('a.html').toString();
  const shown = figuresOf(page).filter(({ path }) => path.startsWith('graph.'));
  expect(shown.length).toBeGreaterThan(3 * points.length);
  for (const { path, value } of shown) expect(Number(value), path).toBe(valueAt(figures, path));
  expect(page).toContain('data-plot="recall"');
  // Nothing is left of the rows that were written first.
  expect(readdirSync(directory.path).filter((name) => name.startsWith('.'))).toEqual([]);

  const text = await runWell(['index', input, '--out', directory.at('again.safetensors'), '--graph']);
  expect(text.stdout).toMatch(/graph {7}built in .*%.* of the 10 best at .* queries\/s, all at .* queries\/s\n/);
});

test('rejected rows are left out of the graph, and the others keep their numbers', async () => {
  const some = rows.slice(0, 40).map((row, i) => (i % 10 === 3 ? row.map(() => 0) : row));
  const out = directory.at('some.safetensors');
  const file = directory.write('some.npy', npyBytes(some));
  await runWell(['index', file, '--on-invalid', 'skip', '--out', out, '--graph', '--quiet']);
  const index = await VectorIndex.load(out, { threadCount: 1 });
  expect(index.graph).toMatchObject({ rows: 36 });
  expect((await index.search(some[39]!, 1)).ids).toEqual([39]);
  expect(index.has(3)).toBe(false);
  await index.dispose();
  const none = directory.write('none.npy', npyBytes([[0, 0]]));
  await runWell(['index', none, '--on-invalid', 'skip', '--out', out, '--graph', '--quiet']);
});

test('index --graph is refused where nothing could be searched', async () => {
  const [npy, out] = [directory.at('b.npy'), directory.at('b.safetensors')];
  await runRefused(['index', input, '--graph'], 2, /--graph needs --out with a name that ends in \.safetensors/);
  await runRefused(['index', input, '--graph', '--out', npy], 2, /--graph needs --out/);
  await runRefused(['index', input, '--graph', '--out', out, '--order', 'sorted'], 2, /--graph: sorted rows/);
});

test('search goes through the graph unless told otherwise', async () => {
  const search = async (...flags: string[]) => {
    const { stdout } = await runWell(['search', out, '--row', '5', '-k', '10', '--json', ...flags]);
    return JSON.parse(stdout).queries[0];
  };
  expect((await search()).exact).toBe(false);
  const exact = await search('--exact');
  expect(exact.exact).toBe(true);
  expect((await search('--recall', '1')).exact).toBe(true);
  expect((await search('--recall', '0.3')).exact).toBe(false);
  // An effort beyond what a walk may have is a scan.
  expect((await search('--effort', '5000')).exact).toBe(true);
  expect(await search('--effort', '1500')).toEqual({ ...exact, exact: false });
  const plain = await runWell(['search', out, '--row', '5']);
  expect(plain.stdout).toMatch(/^Searched 1,500 rows by cosine, through the graph, /);
  const scanned = await runWell(['search', out, '--row', '5', '--exact']);
  expect(scanned.stdout).toMatch(/^Searched 1,500 rows by cosine, [\d.]+ ms\n/);

  const refused = (flags: string[], sentence: RegExp) =>
    runRefused(['search', out, '--row', '5', ...flags], 2, sentence);
  await refused(['--exact', '--recall', '0.9'], /only one of --exact and --recall/);
  await refused(['--effort', '5'], /--effort 5: expected 10 or more/);
  for (const recall of ['0', '1.1', 'all', '-0.5']) await refused([`--recall=${recall}`], /above 0, up to 1/);
  await refused(['--effort', '0'], /positive integer/);
});

test('info tells the graph, and what it is known to find', async () => {
  const plain = directory.at('plain.safetensors');
  await runWell(['index', input, '--out', plain, '--quiet']);
  const index = await VectorIndex.load(out, { threadCount: 1 });
  const { degree, effort, rows: count, calibration } = index.graph!;
  await index.dispose();
  const { graph } = JSON.parse((await runWell(['info', out, '--json'])).stdout).index;
  expect(graph).toEqual({ degree, effort, rows: count, calibration });
  const text = (await runWell(['info', out])).stdout;
  expect(text).toContain('graph       1,500 rows, at most 32 neighbours each, built with effort 128\n');
  for (const point of calibration.filter(({ k }) => k === 10)) {
    expect(text).toMatch(
      new RegExp(`effort +${point.effort}: ${(100 * point.recall).toFixed(1)} % of the 10 best, .* a search`),
    );
  }
  expect(JSON.parse((await runWell(['info', plain, '--json'])).stdout).index.graph).toBeNull();

  const damaged = directory.read('a.safetensors');
  damaged.write('graph.neighbourX', damaged.indexOf('graph.neighbours'), 'latin1');
  const broken = directory.write('broken.safetensors', damaged);
  expect((await runWell(['info', broken])).stdout).toMatch(/graph {7}damaged \(.*\): searches scan all rows/);
});

test('the page of the report says the same in words', () => {
  expect(textOf(directory.read('a.html').toString())).toMatch(
    /Graph .*Rows 1,500 Build Time .* Recall and queries per second/,
  );
});
