/**
 * Random runs with random faults: workers, the Redis and the command itself are killed at random moments, some rows cannot be indexed. The output
 * is always that of a single run, and no shard is in it twice.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLI, npyBytes, plainEnvironment, randomRows, runWell, temporaryDirectory } from '../cli/support.js';
import { seededRandom } from '../parts/support.js';
import { casesOf, seedOfTheDay } from '../seed.js';
import { hasParts, hasRedis, startRedis, startWorker, type TestRedis, type TestWorker } from './support.js';

const directory = temporaryDirectory();
const { at, read, write } = directory;

describe.skipIf(!hasRedis)('random runs with random faults', () => {
  const random = seededRandom(seedOfTheDay);
  const workers: TestWorker[] = [];
  let kept: TestRedis;
  let forgetful: TestRedis;

  beforeAll(async () => {
    kept = await startRedis({ appendOnly: true });
    forgetful = await startRedis();
  }, 120_000);
  afterAll(async () => {
    for (const worker of workers) await worker.kill();
  });

  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  async function oneRun(i: number): Promise<void> {
    const redis = random(2) ? kept : forgetful;
    const count = 1 + random(30_000);
    const dims = 1 + random(24);
    const rows = randomRows(count, dims, i).map((row, k) => (k % 997 === 3 ? row.map(() => 0) : row));
    write('in.npy', npyBytes(rows));
    const out = `out-${i}.${['npy', 'safetensors', 'fvecs'][random(3)]}`;
    const flags = ['--on-invalid', 'skip', '--rejected', at('single.csv'), '--quiet'];
    await runWell(['index', at('in.npy'), '--out', at(`single-${out}`), ...flags]);
    const shards = 1 + random(40);
    const args = ['distribute', 'in.npy', '--out', out, '--shards', String(shards), '--redis', redis.url];
    const all = [...args, '--on-invalid', 'skip', '--rejected', `${out}.csv`, '--name', `run-${i}`, '--quiet'];
    const begin = () =>
      spawn(process.execPath, [CLI, ...all], { cwd: directory.path, env: plainEnvironment(), stdio: 'ignore' });
    const mine: TestWorker[] = [];
    const start = async () => {
      const worker = await startWorker(redis, directory.path);
      workers.push(worker);
      mine.push(worker);
    };
    for (let k = 0; k <= random(3); k++) await start();
    let command = begin();
    for (let faults = random(4); faults > 0; faults--) {
      await pause(random(1500));
      switch (random(4)) {
        case 0: {
          await mine.shift()?.kill();
          break;
        }
        case 1: {
          for (const worker of mine.splice(0)) await worker.kill();
          break;
        }
        case 2: {
          await redis.kill();
          await pause(random(500));
          await redis.start();
          break;
        }
        default: {
          command.kill('SIGKILL');
          if (command.exitCode === null && command.signalCode === null) await once(command, 'exit');
          command = begin();
        }
      }
      if (mine.length === 0) await start();
    }
    // What ended early, since Redis has forgotten it or was away, is done by the same command.
    let status = command.exitCode ?? ((await once(command, 'exit'))[0] as number | null);
    for (let again = 0; status !== 0 && again < 3; again++) status = (await once(begin(), 'exit'))[0] as number | null;
    expect(status, `run ${i}`).toBe(0);
    expect(read(out).equals(read(`single-${out}`)), `run ${i}, ${out}, ${shards} shards`).toBe(true);
    expect(read(`${out}.csv`).toString()).toBe(read('single.csv').toString());
    for (const worker of mine.splice(0)) await worker.kill();
    expect(hasParts(at(out))).toBe(false);
  }

  test('the output is that of a single run', async () => {
    const cases = casesOf('runs of a queue with faults', 100);
    for (let i = 0; i < cases; i++) await oneRun(i);
  }, 3_600_000);
});
