/**
 * A Redis that holds jobs which nobody of ours has queued: they are refused and logged, nothing outside of the root is read or written, no URL is
 * asked that may not be, and the worker goes on.
 */
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { createWorker, type QueueWorker } from 'simdex/bullmq';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { refusalOfUrl } from '../../src/queue/allowed-urls.js';
import { createPlan, type RunPlan } from '../../src/queue/run-plan.js';
import { npyBytes, temporaryDirectory } from '../cli/support.js';
import { serve } from '../formats/http-server.js';
import { connectTo, hasRedis, startRedis, type TestRedis } from './support.js';

const directory = temporaryDirectory();
const root = directory.at('root');
const outside = directory.at('outside');
const bytes = npyBytes([
  [1, 2],
  [3, 4],
]);
for (const folder of [root, outside]) mkdirSync(folder);
for (const folder of [root, outside]) writeFileSync(join(folder, 'in.npy'), bytes);
symlinkSync(join(outside, 'in.npy'), join(root, 'link.npy'));
symlinkSync(outside, join(root, 'folder'));
symlinkSync(join(outside, 'new.npy'), join(root, 'dangling.npy'));

describe.skipIf(!hasRedis)('hostile jobs', () => {
  let redis: TestRedis;
  let queue: Queue;
  let worker: QueueWorker | undefined;
  const lines: string[] = [];
  let runs = 0;

  beforeAll(async () => {
    redis = await startRedis();
    queue = new Queue('simdex', { connection: connectTo(redis) });
  }, 120_000);
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
    lines.length = 0;
  });

  async function work(allowUrls: readonly string[] = []) {
    const logger = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
    worker = await createWorker({ redis: redis.url, root, threads: 1, allowUrls, logger });
  }

  const planOf = (more: Partial<RunPlan>): RunPlan => ({
    ...createPlan({
      name: `run-${++runs}`,
      files: ['in.npy'],
      source: [{ file: 'in.npy', byteLength: bytes.length, version: undefined }],
      rows: 2,
      shards: 1,
      options: {
        order: 'original',
        onInvalid: 'throw',
        format: undefined,
        dims: undefined,
        column: undefined,
        header: undefined,
      },
      out: `out-${runs}.npy`,
      rejected: undefined,
      report: undefined,
      graph: undefined,
      precision: undefined,
      cancelled: undefined,
    }),
    ...more,
  });

  /** The reason for which a job fails; undefined where it is done. */
  async function outcome(id: string): Promise<string | undefined> {
    for (;;) {
      const state = await queue.getJobState(id);
      if (state === 'failed') return (await queue.getJob(id))!.failedReason;
      if (state === 'completed') return undefined;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Queues a shard of a run that waits for it. */
  async function shardOf(plan: object, shard: object = {}): Promise<string | undefined> {
    const { name } = plan as { name: string };
    // A merge that is never at the front: what is asked is what the shard does.
    await queue.add('merge', plan, { jobId: `${name}.merge`, delay: 3_600_000 });
    await queue.add('shard', { run: `${name}.merge`, first: 0, last: 2, ...shard }, { jobId: `${name}.0-2` });
    return outcome(`${name}.0-2`);
  }

  async function mergeOf(plan: RunPlan): Promise<string | undefined> {
    await queue.add('merge', plan, { jobId: `${plan.name}.merge` });
    return outcome(`${plan.name}.merge`);
  }

  test('paths outside of the root, also through links, are neither read nor written', async () => {
    await work();
    const isOutside = /is outside of the worker's --root/;
    const inputs = ['../outside/in.npy', join(outside, 'in.npy'), 'link.npy', 'folder/in.npy', '/etc/passwd', '..'];
    for (const file of inputs) expect(await shardOf(planOf({ files: [file] })), file).toMatch(isOutside);
    const outputs = ['../outside/x.npy', join(outside, 'x.npy'), 'folder/x.npy'];
    for (const out of outputs) expect(await shardOf(planOf({ out })), out).toMatch(isOutside);
    // The folder of the parts, a part and its manifest may be links.
    symlinkSync(outside, join(root, 'a.npy.parts'));
    expect(await shardOf(planOf({ out: 'a.npy' }))).toMatch(/is no folder|is outside/);
    mkdirSync(join(root, 'b.npy.parts'));
    symlinkSync(join(outside, 'x.npy'), join(root, 'b.npy.parts/0-2.npy'));
    expect(await shardOf(planOf({ out: 'b.npy' }))).toMatch(/no regular file/);
    mkdirSync(join(root, 'c.npy.parts'));
    symlinkSync(join(outside, 'x.json'), join(root, 'c.npy.parts/0-2.npy.part.json'));
    expect(await shardOf(planOf({ out: 'c.npy' }))).toMatch(/no regular file/);
    const good = planOf({});
    const source = statSync(join(root, 'in.npy')).mtime.toISOString();
    const sources = [{ file: 'in.npy', byteLength: bytes.length, version: source }];
    expect(await shardOf({ ...good, source: sources })).toBeUndefined();
    // Outputs of a merge: the whole, its reports and rejections.
    const merges: Partial<RunPlan>[] = [
      { report: [join(outside, 'r.json')] },
      { report: ['dangling.npy'] },
      { rejected: '../outside/r.csv' },
    ];
    for (const more of merges) {
      const plan = { ...good, ...more, source: sources };
      const name = `merge-${++runs}`;
      expect(await mergeOf({ ...plan, name, out: good.out })).toMatch(/is outside|no regular file/);
    }
    expect(readdirSync(outside)).toEqual(['in.npy']);
    expect(lines.filter((line) => line.includes('refused')).length).toBeGreaterThan(12);
    // The worker is alive.
    expect(await mergeOf({ ...planOf({}), ...good, source: sources, name: 'alive', out: good.out })).toBeUndefined();
    expect(readdirSync(root)).toContain(good.out);
  });

  test('only http and https are fetched, and only below the prefixes', async () => {
    const allowed = await serve(bytes, ({ request, response, answer }) => {
      if (request.url === '/data/away.npy') response.writeHead(302, { Location: `${other.origin}/in.npy` }).end();
      else answer();
    });
    const other = await serve(bytes);
    await work([`${allowed.origin}/data/`]);
    const refused = [
      `${other.origin}/data/in.npy`,
      `${allowed.origin}/in.npy`,
      `${allowed.origin}/database/in.npy`,
      `${allowed.origin}/data/../in.npy`,
      `${allowed.origin}/data/%2e%2e/in.npy`,
      `${allowed.origin}/data/..%2fin.npy`,
      `${allowed.origin.replace('//', '//u:p@')}/data/in.npy`,
      `${allowed.origin}.evil.example/data/in.npy`,
      'file:///etc/passwd',
      'ftp://127.0.0.1/data/in.npy',
      'data:application/octet-stream;base64,AAAA',
    ];
    for (const url of refused) {
      const reason = await shardOf(planOf({ files: [url] }));
      expect(reason, url).toMatch(/--allow-url|user or a password|URLs are http or https|there is no such file/);
    }
    expect([allowed.requests, other.requests]).toEqual([[], []]);
    const source = [{ file: 'in.npy', byteLength: bytes.length, version: '"v1"' }];
    expect(await shardOf(planOf({ files: [`${allowed.origin}/data/in.npy`], source }))).toBeUndefined();
    expect(await shardOf(planOf({ files: [`${allowed.origin}/data/away.npy`], source }))).toMatch(
      /it was redirected to .*, which is not allowed here/,
    );
    expect(other.requests).toEqual([]);
  });

  test('what is no job of ours is refused by its fields', async () => {
    await work();
    const good = planOf({});
    const plans: [object, RegExp][] = [
      [{ ...good, format: 'simdex-run/9' }, /job\.data\.format/],
      [{ ...good, name: '../x' }, /name must be/],
      [{ ...good, files: 'in.npy' }, /job\.data\.files must be an array/],
      [{ ...good, files: [] }, /job\.data\.source/],
      [{ ...good, files: [7] }, /files\[0\] must be a string/],
      [{ ...good, rows: -1 }, /job\.data\.rows/],
      [{ ...good, shards: 1e9 }, /job\.data\.shards/],
      [{ ...good, options: { order: 'random' } }, /options\.order/],
      [{ ...good, out: {} }, /job\.data\.out/],
      [{ ...good, precision: 'float8' }, /precision/],
      [{ ...good, threads: 9 }, /a field that is not known here/],
    ];
    for (const [plan, reason] of plans) {
      const name = `bad-${++runs}`;
      await queue.add('merge', plan, { jobId: `${name}.merge`, delay: 3_600_000 });
      await queue.add('shard', { run: `${name}.merge`, first: 0, last: 2 }, { jobId: name });
      expect(await outcome(name)).toMatch(reason);
    }
    const shards: [object, RegExp][] = [
      [{ first: 2, last: 0 }, /first ≤ last/],
      [{ last: 3 }, /rows that its run has not/],
      [{ first: '0' }, /job\.data\.first/],
      [{ run: 'nobody' }, /the run of the shard is not in the queue/],
      [{ out: '/etc/x' }, /not known here/],
    ];
    for (const [shard, reason] of shards) expect(await shardOf(planOf({}), shard)).toMatch(reason);
    for (const data of [null, 'text', 7, [], { run: 1 }]) {
      const id = `raw-${++runs}`;
      await queue.add('shard', data, { jobId: id });
      expect(await outcome(id)).toMatch(/job\.data/);
    }
    await queue.add('evil\nname', {}, { jobId: 'other' });
    expect(await outcome('other')).toMatch(/a shard or a merge/);
    const plan = planOf({});
    await queue.add('merge', plan, { jobId: 'not-its-id' });
    expect(await outcome('not-its-id')).toMatch(/the id of a merge is that of its run/);
  });
});

test('prefixes of URLs', () => {
  const isAllowed = (url: string, ...prefixes: string[]) => refusalOfUrl(new URL(url), prefixes) === undefined;
  expect(isAllowed('http://a.example/x')).toBe(true);
  expect(isAllowed('https://a.example/x', 'https://a.example')).toBe(true);
  expect(isAllowed('https://A.example:443/x', 'https://a.example/')).toBe(true);
  expect(isAllowed('https://a.example/b/c?sig=1', 'https://a.example/b')).toBe(true);
  expect(isAllowed('https://a.example/b?sig=1', 'https://a.example/b')).toBe(true);
  expect(isAllowed('https://b.example/x', 'https://a.example', 'https://b.example/x')).toBe(true);
  expect(isAllowed('https://a.example/bc', 'https://a.example/b')).toBe(false);
  expect(isAllowed('http://a.example/b', 'https://a.example/b')).toBe(false);
  expect(isAllowed('https://a.example:8443/b', 'https://a.example/b')).toBe(false);
  expect(isAllowed('https://a.example.evil.example/b', 'https://a.example')).toBe(false);
  expect(isAllowed('https://a.example@evil.example/b', 'https://a.example')).toBe(false);
  expect(isAllowed('https://a.example/b/%5c..%5cx', 'https://a.example/b')).toBe(false);
});
