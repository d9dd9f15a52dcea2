/**
 * Parts made by `simdex index --rows` and put together by `simdex merge`: the whole is what a single run writes, byte for byte, and whatever
 * makes no whole is refused by its rows.
 */
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { IndexingPerformanceReport, VectorIndex } from 'simdex';
import { describe, expect, test } from 'vitest';
import { ExactSum } from '../../src/monitoring/exact-sum.js';
import { fvecsBytes, npyBytes, parseNpy, randomRows, runRefused, runWell, temporaryDirectory } from '../cli/support.js';
import { seededRandom } from './support.js';

const directory = temporaryDirectory();
const { at, read, write } = directory;
const DIMS = 6;

/** Rows of which some are rejected. */
function messyRows(count: number, seed: number): number[][] {
  return randomRows(count, DIMS, seed).map((row, i) => (i % 37 === 5 ? row.map(() => 0) : row));
}

const jsonLines = (rows: readonly number[][], first?: number) =>
  rows.map((vector, i) => JSON.stringify(first === undefined ? vector : { id: `row ${first + i}`, vector })).join('\n');

/** Runs one part of `files`. */
async function indexPart(files: readonly string[], rows: string, out: string, more: readonly string[] = []) {
  await runWell(['index', ...files, '--rows', rows, '--out', out, '--on-invalid', 'skip', '--quiet', ...more]);
}

/** Cuts rows 0 to `count` at random places, some of them twice, and gives the spans in random order. */
function randomSpans(count: number, parts: number, random: (below: number) => number): string[] {
  const cuts = Array.from({ length: parts - 1 }, () => random(count + 1)).sort((a, b) => a - b);
  const spans = [0, ...cuts].map((first, i) => `${first}..${cuts[i] ?? ''}`);
  return spans.sort(() => random(2) - 0.5);
}

describe('a whole is what a single run writes, however it was cut', () => {
  const first = messyRows(700, 1);
  const second = messyRows(400, 2);
  const inputs: Record<string, readonly string[]> = {
    'files of rows at known places': [write('a.npy', npyBytes(first)), write('b.fvecs', fvecsBytes(second))],
    'text, and a file behind it': [write('c.jsonl', jsonLines(first)), write('d.npy', npyBytes(second))],
    'text with ids': [write('e.jsonl', jsonLines(first, 0)), write('f.jsonl', jsonLines(second, 700))],
  };
  const random = seededRandom(20_261_127);

  test.each(Object.keys(inputs))('%s', async (kind) => {
    const files = inputs[kind]!;
    const formats =
      files === Object.values(inputs)[0]
        ? ['npy', 'safetensors', 'jsonl', 'csv', 'fvecs', 'fbin']
        : ['safetensors', 'jsonl'];
    for (const format of formats) {
      const [whole, merged] = [at(`whole.${format}`), at(`merged.${format}`)];
      const single = [
        '--on-invalid',
        'skip',
        '--rejected',
        at('whole-rejected.csv'),
        '--report',
        at('whole.json'),
        '--quiet',
      ];
      await runWell(['index', ...files, '--out', whole, ...single]);
      const spans = randomSpans(1100, 3, random);
      const parts = spans.map((_, i) => at(`part-${i}.${format}`));
      for (const [i, span] of spans.entries()) await indexPart(files, span, parts[i]!);
      const outputs = ['--out', merged, '--rejected', at('merged-rejected.csv'), '--report', at('merged.json')];
      await runWell(['merge', ...parts, ...outputs, '--quiet']);
      expect(readFileSync(merged).equals(readFileSync(whole)), `${format} of ${spans.join(' ')}`).toBe(true);
      expect(read('merged-rejected.csv').toString()).toBe(read('whole-rejected.csv').toString());
      const [a, b] = ['whole', 'merged'].map((name) => JSON.parse(read(`${name}.json`).toString()));
      expect(b.magnitudeHistogram).toEqual(a.magnitudeHistogram);
      expect([b.totalVectors, b.rejectedCount]).toEqual([a.totalVectors, a.rejectedCount]);
      expect(b.subject).toMatchObject({ rows: 1100, dims: DIMS, input: a.subject.input });
    }
  });
});

test('magnitudes are merged as rows are', async () => {
  const file = write('magnitudes-in.npy', npyBytes(messyRows(500, 3)));
  await runWell(['index', file, '--on-invalid', 'skip', '--magnitudes', at('m.npy'), '--quiet']);
  for (const [i, rows] of ['200..', '0..200'].entries())
    await runWell(['index', file, '--on-invalid', 'skip', '--rows', rows, '--magnitudes', at(`m${i}.npy`), '--quiet']);
  await runWell(['merge', at('m0.npy'), at('m1.npy'), '--out', at('mm.npy'), '--quiet']);
  expect(read('mm.npy').equals(read('m.npy'))).toBe(true);
  expect(parseNpy(read('mm.npy')).shape).toBe('(500,)');
  const mixed = ['merge', at('m0.npy'), at('vectors-of-m.npy'), '--out', at('mixed.npy')];
  await indexPart([file], '0..200', at('vectors-of-m.npy'));
  await runRefused(mixed, 1, /vectors-of-m\.npy and .*m0\.npy do not belong together: what it holds is vectors/);
});

test('times, histograms of times and threads of the whole are the sums of its parts', async () => {
  const file = write('sums.npy', npyBytes(messyRows(3000, 4)));
  const reports: { [name: string]: never }[] = [];
  const spans = ['0..1000', '1000..1001', '1001..'];
  for (const [i, rows] of spans.entries()) {
    await indexPart([file], rows, at(`sums-${i}.npy`), ['--report', at(`sums-${i}.json`), '--threads', i ? '2' : '1']);
    reports.push(JSON.parse(read(`sums-${i}.json`).toString()));
  }
  const parts = spans.map((_, i) => at(`sums-${i}.npy`));
  const reported = ['--report', at('sums.json'), '--report', at('sums.html'), '--report', at('sums.csv')];
  const { stdout } = await runWell(['merge', ...parts, '--out', at('sums-all.npy'), ...reported, '--json']);
  const all = JSON.parse(read('sums.json').toString());
  const sumOf = (of: (report: Record<string, never>) => number) => ExactSum.of(reports.map(of)).value;
  expect(all.totalTimeMs).toBe(sumOf(({ totalTimeMs }) => totalTimeMs));
  for (const thread of [0, 1])
    expect(all.threadTimesMs[thread]).toBe(sumOf(({ threadTimesMs }) => threadTimesMs[thread] ?? 0));
  const counts = new Map<number, number>();
  for (const { indexTimeHistogram } of reports)
    for (const { bucket, count } of (indexTimeHistogram as { buckets: { bucket: number; count: number }[] }).buckets)
      counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  expect(
    new Map(all.indexTimeHistogram.buckets.map((one: { bucket: number; count: number }) => [one.bucket, one.count])),
  ).toEqual(counts);
  const times = reports.map(({ indexTime }) => indexTime as { minMs: number; maxMs: number; count: number });
  const filled = times.filter(({ count }) => count > 0);
  expect(all.indexTime.minMs).toBe(Math.min(...filled.map(({ minMs }) => minMs)));
  expect(all.indexTime.maxMs).toBe(Math.max(...filled.map(({ maxMs }) => maxMs)));
  expect(all.indexTime.count).toBe(all.totalVectors);
  expect(IndexingPerformanceReport.fromJSON(all).toJSON()).toEqual(all);
  expect(JSON.parse(stdout)).toMatchObject({ parts: 3, vectors: 3000, dims: DIMS, totalTimeMs: all.totalTimeMs });
  expect(read('sums.html').toString()).toContain('Parallel Indexing Performance Report');
  expect(read('sums.csv').toString()).toMatch(/^total_vectors,\d+,count$/m);
});

test.each(['float16', 'int8'])('rows are saved as %s at the merge, as by a single run', async (precision) => {
  const file = write('precise.npy', npyBytes(randomRows(60, DIMS, 4)));
  for (const [i, span] of ['0..25', '25..'].entries()) await indexPart([file], span, at(`precise-${i}.safetensors`));
  const parts = [at('precise-0.safetensors'), at('precise-1.safetensors')];
  const flags = ['--precision', precision, '--quiet'];
  await runWell(['merge', ...parts, '--out', at('precise.safetensors'), ...flags]);
  await runWell(['index', file, '--out', at('single.safetensors'), ...flags]);
  expect(read('precise.safetensors').equals(read('single.safetensors'))).toBe(true);
  const part = ['index', file, '--rows', '0..5', '--out', at('no.safetensors'), ...flags];
  await runRefused(part, 2, new RegExp(`--precision ${precision}: parts are float32`));
});

test('a merged index is searchable, and --graph builds its graph once, at the merge', async () => {
  const rows = randomRows(1500, 16, 5);
  const file = write('graph.npy', npyBytes(rows));
  for (const [i, span] of ['0..700', '700..'].entries()) await indexPart([file], span, at(`graph-${i}.safetensors`));
  const parts = [at('graph-1.safetensors'), at('graph-0.safetensors')];
  const flags = ['--out', at('graph.safetensors'), '--graph', '--threads', '1', '--json', '--quiet'];
  const { stdout } = await runWell(['merge', ...parts, ...flags]);
  expect(JSON.parse(stdout).graph).toMatchObject({ rows: 1500 });
  const index = await VectorIndex.load(at('graph.safetensors'), { threadCount: 1 });
  expect(index.graph).toMatchObject({ rows: 1500, pending: 0 });
  for (const row of [0, 699, 700, 1499]) expect((await index.search(rows[row]!, 1)).ids).toEqual([row]);
  await index.dispose();
  const part = await VectorIndex.load(at('graph-1.safetensors'), { threadCount: 1 });
  expect((await part.search(rows[700]!, 1)).ids).toEqual([700]);
  await part.dispose();
  expect(directory.names().filter((name) => name.startsWith('.'))).toEqual([]);
});

describe('what makes no whole is refused, and nothing is written', () => {
  const file = write('ten.npy', npyBytes(randomRows(10, DIMS, 6)));
  const text = write('ten.jsonl', jsonLines(randomRows(10, DIMS, 6)));
  const out = at('refused.npy');
  const refuse = async (parts: readonly string[], sentence: RegExp) => {
    writeFileSync(out, 'what was there before');
    await runRefused(['merge', ...parts, '--out', out, '--quiet'], 1, sentence);
    expect(read('refused.npy').toString()).toBe('what was there before');
    expect(directory.names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  };
  const part = async (name: string, rows: string, input = file, more: readonly string[] = []) => {
    await indexPart([input], rows, at(name), more);
    return at(name);
  };

  test('gaps and overlaps, by their rows', async () => {
    const [a, b, c, d] = [
      await part('g0.npy', '0..3'),
      await part('g1.npy', '3..4'),
      await part('g2.npy', '4..10'),
      await part('g3.npy', '2..4'),
    ];
    await refuse([c, a], /row 3 is in no part .*g2\.npy.*--rows 3\.\.4/);
    await refuse([b, c], /rows 0 to 2 are in no part .*g1\.npy.*--rows 0\.\.3/);
    await refuse([a, b], /rows 4 to 9 are in no part; .*--rows 4\.\.10/);
    await refuse([c, d, a], /rows 2 to 2 are in two parts, .*g0\.npy and .*g3\.npy/);
    await refuse([a, a, b, c], /rows 0 to 2 are in two parts/);
  });

  test('the end that nobody has read', async () => {
    const [a, b, c] = [
      await part('t0.npy', '0..4', text),
      await part('t1.npy', '4..9', text),
      await part('t2.npy', '9..10', text),
    ];
    await refuse([a, b], /rows from 9 on are in no part, or nobody knows that there are none: .*--rows 9\.\./);
    // The last part has seen that there is nothing behind it.
    await runWell(['merge', c, a, b, '--out', at('text-all.npy'), '--quiet']);
    await runWell(['index', text, '--out', at('text-whole.npy'), '--quiet']);
    expect(read('text-all.npy').equals(read('text-whole.npy'))).toBe(true);
  });

  test('parts of other inputs and other options', async () => {
    const a = await part('f0.npy', '0..5');
    const other = write('other.npy', npyBytes(randomRows(10, DIMS, 7)));
    await refuse([a, await part('f1.npy', '5..', other)], /file 1 of the input is ".*other\.npy" .* and ".*ten\.npy"/);
    await refuse([a, await part('f2.npy', '5..', text)], /do not belong together/);
    const sorted = await part('f3.npy', '5..', file, ['--order', 'sorted']);
    await refuse([a, sorted], /f3\.npy and .*f0\.npy do not belong together: --order is sorted .* original/);
    await refuse([a, await part('f4.npy', '5..', file, ['--dims', String(DIMS)])], /--dims is 6 .* not given/);
    await runWell(['index', file, '--rows', '5..', '--out', at('f5.npy'), '--quiet']);
    await refuse([a, at('f5.npy')], /--on-invalid is throw .* skip/);
    // The same name and size, but changed since.
    utimesSync(file, new Date(0), new Date(1e12));
    await refuse([a, await part('f6.npy', '5..')], /the time of the last change, or ETag, of .*ten\.npy is 2001-09-09/);
  });

  test('parts that are not what their manifest says', async () => {
    const [a, b] = [await part('w0.npy', '0..5'), await part('w1.npy', '5..')];
    writeFileSync(b, read('w1.npy').subarray(0, 140));
    await refuse([a, b], /w1\.npy: expected \d+ bytes, as its manifest says, found 140/);
    rmSync(b);
    await refuse([a, b], /cannot read .*w1\.npy: there is no such file/);
    rmSync(`${b}.part.json`);
    await refuse([a, b], /cannot read .*w1\.npy\.part\.json: there is no such file/);
    const damaged: [string, RegExp][] = [
      ['{', /w1\.npy\.part\.json: .*JSON/],
      ['[]', /w1\.npy\.part\.json: it is no manifest of a part/],
      ['{"format":"simdex-part/9"}', /made by a newer version of simdex/],
      [read('w0.npy.part.json').toString().replace('"last":5', '"last":-5'), /part\.rows\.last/],
      [read('w0.npy.part.json').toString().replace('"last":5', '"last":11'), /part\.rows/],
      [
        read('w0.npy.part.json').toString().replace('"rejections":[', '"rejections":[{"index":1,"id":1,"code":"=1+1"}'),
        /part\.rejections\[0\]\.code/,
      ],
      [
        read('w0.npy.part.json')
          .toString()
          .replace('"rejections":[', '"rejections":[{"index":5,"id":1,"code":"NonFinite"}'),
        /part\.rejections\[0\]\.index/,
      ],
      [
        read('w0.npy.part.json')
          .toString()
          .replace('"rejections":[', '"rejections":[{"index":1,"id":1,"code":"NonFinite"}'),
        /part\.statistics\.rejectedCount/,
      ],
      [read('w0.npy.part.json').toString().replace('"order":"original"', '"order":"random"'), /part\.options\.order/],
    ];
    for (const [content, sentence] of damaged) {
      writeFileSync(`${b}.part.json`, content);
      await refuse([a, b], sentence);
    }
  });

  test('ids that are there twice, or not in every part', async () => {
    const rows = randomRows(4, DIMS, 8);
    const ids = (names: readonly (string | undefined)[]) =>
      rows.map((vector, i) => JSON.stringify(names[i] === undefined ? vector : { id: names[i], vector })).join('\n');
    const refuseIds = async (names: readonly (string | undefined)[], sentence: RegExp) => {
      const input = write('ids.jsonl', ids(names));
      const parts = [await part('i0.safetensors', '0..2', input), await part('i1.safetensors', '2..', input)];
      await runRefused(['merge', ...parts, '--out', at('ids.safetensors'), '--quiet'], 1, sentence);
      expect(directory.names()).not.toContain('ids.safetensors');
    };
    await refuseIds(
      ['a', 'b', 'c', 'a'],
      /row 0 of .*i0.*row 1 of .*i1.* \(row 3 of the input\) have the same id, "a"/,
    );
    await refuseIds(['a', 'b', undefined, undefined], /has an id and row 0 of .*i1.* has none/);
  });
});

describe('rows of the command line', () => {
  const file = write('rows.npy', npyBytes(randomRows(10, DIMS, 9)));
  const text = write('rows.jsonl', jsonLines(randomRows(10, DIMS, 9)));
  const wrong = (rows: string, sentence: RegExp, input = file) =>
    runRefused(['index', input, '--rows', rows, '--out', at('no.npy')], 2, sentence);

  test('what is no span, or beyond the end, is wrong usage', async () => {
    await wrong('5', /--rows <a\.\.b>.*Expected A\.\.B/);
    await wrong('-1..3', /--rows/);
    await wrong('..3', /Expected A\.\.B/);
    await wrong('3..2', /below the first/);
    for (const input of [file, text]) {
      await wrong('5..11', /--rows 5\.\.11: the input has 10 rows/, input);
      await wrong('11..', /--rows 11\.\.: the input has 10 rows/, input);
    }
    await wrong('99999999999999999999..', /Expected A\.\.B/);
    expect(directory.names().filter((name) => name.startsWith('no.npy'))).toEqual([]);
    const graph = ['index', file, '--rows', '0..5', '--out', at('no.safetensors'), '--graph'];
    await runRefused(graph, 2, /--graph: the graph of a whole is built when its parts are merged/);
    await runRefused(
      ['index', file, '--rows', '0..5', '--out', at('no.npy'), '--report', at('no.npy.part.json')],
      2,
      /two outputs/,
    );
  });

  test('a part may hold no rows', async () => {
    await indexPart([file], '10..', at('empty.npy'));
    await indexPart([file], '0..0', at('empty-too.npy'));
    await indexPart([file], '0..', at('all.npy'));
    const parts = ['empty.npy', 'all.npy', 'empty-too.npy'].map(at);
    await runWell(['merge', ...parts, '--out', at('with-empty.npy'), '--quiet']);
    expect(read('with-empty.npy').equals(read('all.npy'))).toBe(true);
  });

  test('errors and rejections name the row in the whole input', async () => {
    const rows = randomRows(10, DIMS, 10).map((row, i) => (i === 7 ? row.map(() => 0) : row));
    const bad = write('bad.npy', npyBytes(rows));
    const before = write('before.npy', npyBytes(rows.slice(0, 5)));
    await runRefused(['index', before, bad, '--rows', '9..', '--out', at('bad-part.npy')], 1, /row 7 of .*bad\.npy/);
    expect(directory.names().filter((name) => name.startsWith('bad-part'))).toEqual([]);
    await indexPart([before, bad], '9..', at('bad-part.npy'), ['--rejected', at('bad.csv')]);
    expect(read('bad.csv').toString()).toBe('index,id,code\n12,12,ZeroMagnitude\n');
    expect(JSON.parse(read('bad-part.npy.part.json').toString())).toMatchObject({
      rows: { first: 9, last: 15, total: 15 },
      rejections: [{ index: 12, id: 12, code: 'ZeroMagnitude' }],
    });
  });

  test('a merge keeps to the format of its parts', async () => {
    await indexPart([file], '0..', at('format.npy'));
    const merge = ['merge', at('format.npy'), '--out'];
    await runRefused([...merge, at('format.fvecs')], 2, /a merge changes no format/);
    await runRefused([...merge, at('format.npy')], 2, /is also an input/);
    await runRefused([...merge, at('x.npy'), '--report', at('x.trace.json')], 2, /a trace is of one run/);
    await runRefused([...merge, at('x.npy'), '--graph'], 2, /--graph needs --out/);
  });
});
