/**
 * What goes wrong on the way: workers that die, a Redis that dies, files that cannot be read, runs that are stopped. Nothing is lost, nothing is
 * done twice, and the output is that of a single run, or is not there.
 */
import { readdirSync } from 'node:fs';
import { FlowProducer, Queue } from 'bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { addJobs } from '../../src/queue/run-jobs.js';
import { readPlan, shardRowsOf } from '../../src/queue/run-plan.js';
import {
  npyBytes,
  randomRows,
  runRefused,
  runWell,
  type Started,
  start,
  temporaryDirectory,
  until,
} from '../cli/support.js';
import { serve } from '../formats/http-server.js';
import { connectTo, hasParts, hasRedis, startRedis, startWorker, type TestRedis, type TestWorker } from './support.js';

const directory = temporaryDirectory();
const { at, read, write } = directory;
const SHARDS = 8;
const DIMS = 24;
const rows = randomRows(8000, DIMS, 7);
const bytes = npyBytes(rows);
const first = (shard: number) => 128 + ((shard * rows.length) / SHARDS) * DIMS * 4;

/** A server that leaves requests for the rows of some shards unanswered, until it is told to answer. */
async function holdingServer(shards: readonly number[]) {
  const held: (() => void)[] = [];
  const state = { isHolding: true, held };
  const server = await serve(bytes, ({ answer, first: from, last }) => {
    // Rows of a shard are one request; the block at the front is everybody's.
    const isOf = (shard: number) => from >= first(shard) && from < first(shard + 1) && last > from + 2 ** 15;
    if (state.isHolding && shards.some(isOf)) held.push(answer);
    else answer();
  });
  return Object.assign(state, { server });
}

let expected: Buffer | undefined;
async function expectWhole(out: string): Promise<void> {
  if (!expected) {
    await runWell(['index', write('rows.npy', bytes), '--out', at('single.npy'), '--quiet']);
    expected = read('single.npy');
  }
  expect(read(out).equals(expected)).toBe(true);
  expect(hasParts(at(out))).toBe(false);
  expect(directory.names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
}

describe.skipIf(!hasRedis)('faults', () => {
  const workers: TestWorker[] = [];
  const work = async (redis: TestRedis, count: number) => {
    for (let i = 0; i < count; i++) workers.push(await startWorker(redis, directory.path));
    return workers.slice(-count);
  };
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.kill();
  });
  const distribute = (redis: TestRedis, url: string, out: string): Started =>
    start(['distribute', url, '--shards', String(SHARDS), '--out', out, '--redis', redis.url, '--json'], {
      cwd: directory.path,
    });
  const indexed = () => workers.flatMap((worker) => worker.log().match(/\.\d+-\d+: \d+ rows indexed/g) ?? []);

  test('a worker that is told to stop while Redis is away ends', async () => {
    const redis = await startRedis();
    const [one] = await work(redis, 1);
    await redis.kill();
    await until(() => one!.log().includes('was lost'));
    expect(await one!.stop()).toBe(0);
  });

  test('a worker that is killed in the middle of a shard, and then all of them', async () => {
    const redis = await startRedis();
    const [one] = await work(redis, 1);
    const holding = await holdingServer([2, 5]);
    const started = distribute(redis, `${holding.server.origin}/rows.npy`, 'killed.npy');
    await until(() => holding.held.length > 0);
    await one!.kill();
    // Another finds the shard, and dies of it too.
    const before = holding.held.length;
    const [two] = await work(redis, 1);
    await until(() => holding.held.length > before);
    await two!.kill();
    // What a machine that died leaves half-written. It is another one, so no process here may judge it before the merge.
    for (const name of ['0-1000.npy', '1000-2000.npy.part.json'])
      write(`killed.npy.parts/.${name}.0badcafe-1-0123456789ab.tmp`, 'half');
    holding.isHolding = false;
    const [three] = await work(redis, 1);
    const { status, stdout, stderr } = await started.ended;
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ vectors: rows.length, shards: SHARDS });
    await expectWhole('killed.npy');
    // Those that were done before the deaths were not done again.
    expect(indexed()).toHaveLength(SHARDS);
    expect(new Set(indexed()).size).toBe(SHARDS);
    await until(() => /its worker died/.test(three!.log()));
  });

  test('a worker that is told to stop finishes its shard, and ends well', async () => {
    const redis = await startRedis();
    const [one] = await work(redis, 1);
    const holding = await holdingServer([1]);
    const started = distribute(redis, `${holding.server.origin}/rows.npy`, 'drained.npy');
    await until(() => holding.held.length > 0);
    const stopped = one!.stop();
    await until(() => one!.log().includes('stopping'));
    holding.isHolding = false;
    for (const answer of holding.held) answer();
    expect(await stopped).toBe(0);
    expect(indexed().length).toBeLessThan(SHARDS);
    await work(redis, 1);
    expect((await started.ended).status).toBe(0);
    await expectWhole('drained.npy');
    expect(indexed()).toHaveLength(SHARDS);
  });

  test('a Redis that is killed and comes back with its queue', async () => {
    const redis = await startRedis({ appendOnly: true });
    await work(redis, 2);
    const holding = await holdingServer([3, 6]);
    const started = distribute(redis, `${holding.server.origin}/rows.npy`, 'kept.npy');
    await until(() => holding.held.length >= 2);
    await redis.kill();
    await until(() => started.stderr().includes('was lost; it is tried again'));
    holding.isHolding = false;
    for (const answer of holding.held) answer();
    await redis.start();
    const { status, stderr } = await started.ended;
    expect(status, stderr).toBe(0);
    await expectWhole('kept.npy');
  });

  test('a Redis that comes back without its queue: the run says so, and the same command does what is missing', async () => {
    const redis = await startRedis();
    await work(redis, 2);
    const holding = await holdingServer([4]);
    const url = `${holding.server.origin}/rows.npy`;
    const started = distribute(redis, url, 'forgotten.npy');
    await until(() => holding.held.length > 0 && indexed().length === SHARDS - 1);
    await redis.kill();
    await redis.start();
    const { status, stderr } = await started.ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /error: Redis at redis:\/\/127\.0\.0\.1:\d+ does not know the run \S+ any more: .*start it again/,
    );
    expect(directory.names()).not.toContain('forgotten.npy');
    holding.isHolding = false;
    for (const answer of holding.held) answer();
    const again = await distribute(redis, url, 'forgotten.npy').ended;
    expect(again.status, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout).shardsDoneBefore).toBeGreaterThanOrEqual(SHARDS - 1);
    await expectWhole('forgotten.npy');
  });

  test('a shard that cannot be read fails the run by its rows, and leaves no output; when it can be read, the rest is done', async () => {
    const redis = await startRedis();
    await work(redis, 2);
    let isBroken = true;
    const server = await serve(bytes, ({ answer, first: from, response }) => {
      if (isBroken && from >= first(6) && from < first(7)) response.writeHead(403).end();
      else answer();
    });
    const url = `${server.origin}/rows.npy`;
    const failed = await distribute(redis, url, 'broken.npy').ended;
    expect(failed.status).toBe(1);
    expect(failed.stderr).toMatch(
      /error: the shard of rows 6000 to 6999 failed 4 times: cannot read http.*rows\.npy: the server refuses access \(403/,
    );
    expect(directory.names()).not.toContain('broken.npy');
    expect(readdirSync(at('broken.npy.parts')).filter((name) => name.startsWith('6000-'))).toEqual([]);
    isBroken = false;
    const again = await distribute(redis, url, 'broken.npy').ended;
    expect(again.status, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout).shardsDoneBefore).toBe(SHARDS - 1);
    await expectWhole('broken.npy');
    expect(indexed()).toHaveLength(SHARDS);
  });

  test('a row that cannot be indexed, and a file that is changed meanwhile, are not tried again', async () => {
    const redis = await startRedis();
    await work(redis, 1);
    const bad = rows.slice(0, 20).map((row, i) => (i === 13 ? row.map(() => 0) : row));
    write('bad.npy', npyBytes(bad));
    const args = ['distribute', 'bad.npy', '--shards', '4', '--out', 'bad-out.npy', '--redis', redis.url, '--quiet'];
    const sentence = /error: Vector has zero magnitude: the shard of rows 10 to 14 failed: .*row 13 of bad\.npy/;
    await runRefused(args, 1, sentence, { cwd: directory.path });
    const holding = await holdingServer([1]);
    const started = distribute(redis, `${holding.server.origin}/rows.npy`, 'changed.npy');
    await until(() => holding.held.length > 0);
    holding.server.etag = '"v2"';
    holding.isHolding = false;
    for (const answer of holding.held) answer();
    const { status, stderr } = await started.ended;
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/it was changed|is not the file that the run was planned for/),
    ]);
    expect(directory.names()).not.toContain('changed.npy');
  });

  test('a command that is interrupted leaves the run going, and the same one joins it; another run of its name is refused', async () => {
    const redis = await startRedis();
    await work(redis, 1);
    const holding = await holdingServer([1]);
    const url = `${holding.server.origin}/rows.npy`;
    const started = start(
      ['distribute', url, '--shards', '8', '--out', 'joined.npy', '--redis', redis.url, '--name', 'j'],
      {
        cwd: directory.path,
      },
    );
    await until(() => holding.held.length > 0);
    started.child.kill('SIGINT');
    const interrupted = await started.ended;
    expect(interrupted.status).toBe(130);
    expect(interrupted.stderr).toMatch(
      /The run j goes on\. The same command shows it again; with --cancel it is stopped/,
    );
    const other = ['distribute', url, '--shards', '9', '--out', 'joined.npy', '--redis', redis.url, '--name', 'j'];
    await runRefused(other, 2, /a run called j is under way, of other files or options/, { cwd: directory.path });
    holding.isHolding = false;
    for (const answer of holding.held) answer();
    await runWell(['distribute', url, '--shards', '8', '--out', 'joined.npy', '--redis', redis.url, '--name', 'j'], {
      cwd: directory.path,
    });
    await expectWhole('joined.npy');
    expect(indexed()).toHaveLength(SHARDS);
  });

  test('a run is cancelled, whatever it is at; parts that are done are used by the next one', async () => {
    const redis = await startRedis();
    await work(redis, 1);
    const queue = new Queue('simdex', { connection: connectTo(redis) });
    const holding = await holdingServer([1]);
    const url = `${holding.server.origin}/rows.npy`;
    const started = distribute(redis, url, 'cancelled.npy');
    await until(() => holding.held.length > 0);
    const cancel = ['distribute', url, '--out', 'cancelled.npy', '--redis', redis.url, '--cancel'];
    const { stdout } = await runWell(cancel, { cwd: directory.path });
    expect(stdout).toMatch(/^Stopped the run run-cancelled\.npy-[0-9a-f]{8}\./);
    expect((await started.ended).status).toBe(1);
    expect(started.stderr()).toMatch(/was cancelled/);
    expect(await queue.getJobCounts()).toMatchObject({
      active: 0,
      waiting: 0,
      delayed: 0,
      failed: 0,
      'waiting-children': 0,
    });
    await until(() => workers[0]!.log().includes('the run was cancelled'));
    await runRefused(cancel, 1, /there is no run run-cancelled\.npy-\w+ that could be stopped/, {
      cwd: directory.path,
    });
    holding.isHolding = false;
    const again = await distribute(redis, url, 'cancelled.npy').ended;
    expect(again.status, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout).shardsDoneBefore).toBe(1);
    await expectWhole('cancelled.npy');
    await queue.close();
  });

  test('a command that dies while it queues shards: the next one queues the rest', async () => {
    const redis = await startRedis();
    const connection = connectTo(redis);
    const queue = new Queue('simdex', { connection });
    const flows = new FlowProducer({ connection });
    await work(redis, 1);
    const server = await serve(bytes);
    const url = `${server.origin}/rows.npy`;
    const source = [{ file: url, byteLength: bytes.length, version: '"v1"' }];
    const options = { order: 'original', onInvalid: 'throw' } as const;
    const plan = readPlan({
      ...{ format: 'simdex-run/1', name: 'half', files: [url], source, rows: rows.length, shards: SHARDS },
      ...{ options, out: 'half.npy' },
    });
    const dying = new Proxy(queue, {
      get: (target, name) =>
        name === 'addBulk'
          ? async (jobs: Parameters<Queue['addBulk']>[0]) => {
              await target.addBulk(jobs.slice(0, 3));
              throw new Error('killed');
            }
          : Reflect.get(target, name),
    });
    await expect(addJobs(dying, flows, plan, shardRowsOf(plan))).rejects.toThrow('killed');
    await until(() => indexed().length === 3);
    expect(await queue.getJobState('half.merge')).toBe('waiting-children');
    await runWell(['distribute', url, '--shards', '8', '--out', 'half.npy', '--redis', redis.url, '--name', 'half'], {
      cwd: directory.path,
    });
    await expectWhole('half.npy');
    expect(indexed()).toHaveLength(SHARDS);
    await Promise.all([queue.close(), flows.close()]);
  });
});
