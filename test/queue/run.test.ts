/**
 * Whole runs by real workers: what they make together is what a single process makes, and every flag of the command does what it says.
 */
import { Queue } from 'bullmq';
import { VectorIndex } from 'simdex';
import { beforeAll, describe, expect, test } from 'vitest';
import { ExactSum } from '../../src/monitoring/exact-sum.js';
import { npyBytes, randomRows, runRefused, runWell, start, temporaryDirectory, until } from '../cli/support.js';
import { serve } from '../formats/http-server.js';
import { connectTo, hasParts, hasRedis, startRedis, startWorker, type TestRedis, type TestWorker } from './support.js';

const directory = temporaryDirectory();
const { at, read, write } = directory;

/** Rows of which some are rejected. */
function messyRows(count: number, dims: number, seed: number): number[][] {
  return randomRows(count, dims, seed).map((row, i) => {
    if (i % 37 === 5) return row.map(() => 0);
    return i % 101 === 7 ? row.map((x, k) => (k === 2 ? Number.NaN : x)) : row;
  });
}

describe.skipIf(!hasRedis)('a run by three workers', () => {
  let redis: TestRedis;
  let queue: Queue;
  const workers: TestWorker[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    for (let i = 0; i < 3; i++) workers.push(await startWorker(redis, directory.path));
    queue = new Queue('simdex', { connection: connectTo(redis) });
  }, 120_000);

  const distribute = (args: readonly string[]) =>
    runWell(['distribute', ...args, '--redis', redis.url], { cwd: directory.path });
  const refused = (args: readonly string[], status: number, sentence: RegExp) =>
    runRefused(['distribute', ...args, '--redis', redis.url], status, sentence, { cwd: directory.path });

  test('24 shards behind a URL: bytes, rejections, counts and magnitudes of a single run; times are the sums', async () => {
    const bytes = npyBytes(messyRows(12_000, 24, 1));
    write('rows.npy', bytes);
    const single = ['--on-invalid', 'skip', '--rejected', at('single.csv'), '--report', at('single.json'), '--quiet'];
    await runWell(['index', at('rows.npy'), '--out', at('single.safetensors'), ...single]);
    const server = await serve(bytes);
    const url = `${server.origin}/rows.npy?signature=s3cr3t`;
    const flags = ['--on-invalid', 'skip', '--rejected', 'all.csv', '--report', 'all.json', '--report', 'all.html'];
    const { stdout, stderr } = await distribute([
      url,
      '--shards',
      '24',
      '--out',
      'all.safetensors',
      '--name',
      'first',
      '--json',
      ...flags,
    ]);
    expect(stdout + stderr).not.toContain('s3cr3t');
    expect(read('all.safetensors').equals(read('single.safetensors'))).toBe(true);
    expect(read('all.csv').toString()).toBe(read('single.csv').toString());
    const [a, b] = ['single.json', 'all.json'].map((name) => JSON.parse(read(name).toString()));
    expect(b.magnitudeHistogram).toEqual(a.magnitudeHistogram);
    expect([b.totalVectors, b.rejectedCount]).toEqual([a.totalVectors, a.rejectedCount]);
    expect(b.subject).toMatchObject({ rows: 12_000, dims: 24, input: `${server.origin}/rows.npy` });
    expect(read('all.html').toString()).not.toContain('s3cr3t');

    const merge = (await queue.getJob('first.merge'))!;
    const { processed } = await merge.getDependencies({ processed: { count: 1000 } });
    const shards = Object.values(processed!) as { rows: number; rejected: number; totalTimeMs: number }[];
    expect(shards).toHaveLength(24);
    expect(b.totalTimeMs).toBe(ExactSum.of(shards.map(({ totalTimeMs }) => totalTimeMs)).value);
    const result = JSON.parse(stdout);
    expect(result).toEqual({
      name: 'first',
      vectors: 12_000,
      rejected: b.rejectedCount,
      totalTimeMs: b.totalTimeMs,
      shards: 24,
      shardsDoneBefore: 0,
      written: ['all.safetensors', 'all.csv', 'all.json', 'all.html'],
    });
    expect(shards.reduce((sum, { rejected }) => sum + rejected, 0)).toBe(b.rejectedCount);
    // Nothing was done twice.
    const done = workers.flatMap((worker) => worker.log().match(/first\.\d+-\d+: \d+ rows indexed/g) ?? []);
    expect(new Set(done).size).toBe(24);
    expect(done).toHaveLength(24);
    expect(hasParts(at('all.safetensors'))).toBe(false);

    // The same command again: nothing is missing, and nobody is asked to do anything.
    const again = await distribute([
      url,
      '--shards',
      '24',
      '--out',
      'all.safetensors',
      '--name',
      'first',
      '--json',
      ...flags,
    ]);
    expect(JSON.parse(again.stdout)).toEqual({ ...result, shardsDoneBefore: 24 });
    expect((await queue.getJob('first.merge'))!.timestamp).toBe(merge.timestamp);
  });

  test('what is read, how, and what is written follows the flags', async () => {
    const rows = randomRows(40, 6, 2);
    const raw = Buffer.concat(
      rows.map((row) => Buffer.from(Int32Array.of(6, ...new Int32Array(Float32Array.from(row).buffer)).buffer)),
    );
    write('rows.bin', raw);
    write('rows.npy', npyBytes(rows));
    const cases: [string[], string[]][] = [
      [['rows.bin', '--format', 'fvecs', '--order', 'sorted'], ['sorted.npy']],
      [['rows.npy', 'rows.npy', '--dims', '6', '--precision', 'float16'], ['half.safetensors']],
    ];
    for (const [flags, [out]] of cases) {
      await runWell(['index', ...flags, '--out', `single-${out}`, '--quiet'], { cwd: directory.path });
      const { stdout, stderr } = await distribute([...flags, '--shards', '5', '--out', out!, '--quiet']);
      expect([stdout, stderr]).toEqual(['', '']);
      expect(read(out!).equals(read(`single-${out}`)), out).toBe(true);
    }
    await distribute(['rows.npy', '--shards', '3', '--out', 'graph.safetensors', '--graph', '--quiet']);
    const graph = await VectorIndex.load(at('graph.safetensors'), { threadCount: 1 });
    expect(graph.graph).toMatchObject({ rows: 40 });
    await graph.dispose();
    // More shards than rows, and no rows at all.
    for (const count of [2, 0]) {
      write('few.npy', npyBytes(rows.slice(0, count), `(${count}, 6)`));
      const { stdout } = await distribute(['few.npy', '--shards', '9', '--out', 'few-out.npy', '--json']);
      expect(JSON.parse(stdout)).toMatchObject({ vectors: count, shards: Math.max(1, count) });
    }
  });

  test('column and header choose what is read', async () => {
    const data = Buffer.from(Float32Array.from(randomRows(8, 4, 3).flat()).buffer);
    const header = JSON.stringify({
      a: { dtype: 'F32', shape: [4, 4], data_offsets: [0, 64] },
      b: { dtype: 'F32', shape: [4, 4], data_offsets: [64, 128] },
    });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    write('two.safetensors', Buffer.concat([length, Buffer.from(header), data]));
    await runWell(['index', at('two.safetensors'), '--column', 'b', '--out', at('single-b.npy'), '--quiet']);
    await distribute(['two.safetensors', '--column', 'b', '--shards', '2', '--out', 'b.npy', '--quiet']);
    expect(read('b.npy').equals(read('single-b.npy'))).toBe(true);
    write('lines.csv', '0,1\n2,3\n');
    const flags = ['--header', 'yes', '--shards', '2', '--out', 'lines.npy'];
    await refused(['lines.csv', ...flags], 1, /how many rows a \.csv file has shows only at its end/);
    await refused(['rows.npy', ...flags], 2, /--header: \.npy/);
  });

  test('a page shows the run, and its metrics', async () => {
    const bytes = npyBytes(randomRows(30_000, 8, 4));
    let isHeld = true;
    const held: (() => void)[] = [];
    const server = await serve(bytes, ({ answer, first }) => {
      if (isHeld && first > 2 ** 16) held.push(answer);
      else answer();
    });
    const args = ['distribute', `${server.origin}/r.npy`, '--shards', '6', '--out', 'page.npy', '--redis', redis.url];
    const started = start([...args, '--monitor', '0'], { cwd: directory.path });
    await until(() => /http:\/\/127\.0\.0\.1:\d+\//.test(started.stderr()) && held.length >= 3);
    const page = /http:\/\/127\.0\.0\.1:\d+\//.exec(started.stderr())![0];
    const html = await fetch(page);
    expect(html.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await html.text()).toContain('<simdex-monitor src="/events" shows="workers">');
    expect(await (await fetch(`${page}monitor-element.js`)).text()).toContain('simdex-monitor');
    expect((await fetch(`${page}elsewhere`)).status).toBe(404);
    expect((await fetch(page, { method: 'POST' })).status).toBe(405);
    let metrics = '';
    while (!metrics.includes('simdex_run_busy_workers 3')) metrics = await (await fetch(`${page}metrics`)).text();
    expect(metrics).toContain('simdex_run_rows 30000\n');
    expect(metrics).toContain('simdex_run_shards{state="active"} 3\n');
    expect(metrics).toMatch(/simdex_run_connected_workers [3-9]\n/);
    const events = await fetch(`${page}events`);
    isHeld = false;
    for (const answer of held) answer();
    const updates = (await events.text())
      .split('\n')
      .flatMap((line) => (line.startsWith('data: {"type') ? [JSON.parse(line.slice(6))] : []));
    const progress = updates.filter(({ type }) => type === 'progress');
    expect(progress[0]).toMatchObject({
      total: 30_000,
      run: 1,
      threads: [{ threadId: 0 }, { threadId: 1 }, { threadId: 2 }],
    });
    expect(progress.at(-1)).toMatchObject({ last: true });
    expect(updates.some(({ type }) => type === 'metric')).toBe(true);
    expect((await started.ended).status).toBe(0);
  });

  test('wrong usage is told before anything is queued', async () => {
    write('u.npy', npyBytes([[1, 2]]));
    const cases: [string[], RegExp][] = [
      [[], /name the files/],
      [['u.npy', '--out', 'o.npy'], /--shards/],
      [['u.npy', '--shards', '2'], /--out/],
      [['u.npy', '--shards', '0', '--out', 'o.npy'], /positive integer/],
      [['u.npy', '--shards', '2', '--out', 'o.txt'], /--out o\.txt/],
      [['u.npy', '--shards', '2', '--out', 'u.npy'], /also an input/],
      [['u.npy', '--shards', '2', '--out', 'o.npy', '--name', 'a b'], /name must be/],
      [['u.npy', '--shards', '2', '--out', 'o.npy', '--report', 'x.trace.json'], /a trace is of one run/],
      [['u.npy', '--shards', '2', '--out', 'o.npy', '--graph'], /--graph/],
      [['u.npy', '--shards', '2', '--out', 'o.npy', '--monitor', '99999'], /0 to 65535/],
      [['-', '--format', 'npy', '--shards', '2', '--out', 'o.npy'], /files or URLs that all machines see/],
      [['http://u:p4ss@127.0.0.1/u.npy', '--shards', '2', '--out', 'o.npy'], /has a user or a password/],
      [['--cancel'], /--cancel: give the --name/],
    ];
    for (const [args, sentence] of cases) {
      expect(await refused(args, 2, sentence)).not.toContain('p4ss');
    }
    expect(directory.names().filter((name) => name.startsWith('o.'))).toEqual([]);
  });
});
