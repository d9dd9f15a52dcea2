/**
 * The commands of the guide for a queue, as they stand there, with the Redis of the test; the program that the guide names, from another
 * process; and what is said where the packages are not installed.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CLI, npyBytes, plainEnvironment, randomRows, run, runWell, temporaryDirectory } from '../cli/support.js';
import { hasRedis, startRedis, startWorker } from './support.js';

const directory = temporaryDirectory();
const { at, read, write } = directory;
const guide = readFileSync(new URL('../../docs/many-machines.md', import.meta.url), 'utf8');

/** The words of a command of the guide, behind `simdex`. */
function command(begin: string, redis: string): string[] {
  const line = guide.split('\n').find((each) => each.startsWith(`simdex ${begin} `));
  return line!.replace('redis://queue.example:6379', redis).replace('/shared', directory.path).split(' ').slice(1);
}

test.runIf(hasRedis)('the commands of the guide', async () => {
  const redis = await startRedis();
  write('vectors.npy', npyBytes(randomRows(500, 8, 11)));
  await runWell(['index', at('vectors.npy'), '--out', at('single.safetensors'), '--quiet']);
  const worker = spawn(process.execPath, [CLI, ...command('work', redis.url)], { stdio: 'ignore' });
  const { stdout, stderr } = await run(command('distribute', redis.url), { cwd: directory.path });
  expect(stdout, stderr).toMatch(/^Indexed 500 vectors in 24 shards\n/);
  expect(read('index.safetensors').equals(read('single.safetensors'))).toBe(true);
  expect(read('run.html').toString()).toContain('Parallel Indexing Performance Report');
  worker.kill();
});

test.runIf(hasRedis)(
  'a Redis with a password, of which nothing is told; workers that print only what goes wrong',
  async () => {
    const redis = await startRedis({ password: 's3cr3t' });
    const url = redis.url.replace('//', '//:s3cr3t@');
    const worker = await startWorker({ ...redis, url }, directory.path);
    write('few.npy', npyBytes(randomRows(10, 4, 12)));
    const args = ['distribute', 'few.npy', '--shards', '2', '--out', 'few-out.npy'];
    const good = await run([...args, '--redis', url], { cwd: directory.path });
    expect(good.status, good.stderr).toBe(0);
    const wrong = await run([...args, '--redis', redis.url.replace('//', '//:wr0ng@')], { cwd: directory.path });
    const none = await run([...args, '--redis', redis.url], { cwd: directory.path });
    expect([wrong.status, none.status]).toEqual([1, 1]);
    expect(wrong.stderr).toMatch(/cannot reach Redis at redis:\/\/127\.0\.0\.1:\d+: .*WRONGPASS/);
    expect(none.stderr).toMatch(/cannot reach Redis at .*NOAUTH/);
    const quiet = spawn(process.execPath, [CLI, 'work', '--redis', url, '--root', directory.path, '--quiet'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    quiet.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    quiet.kill();
    expect(said).toBe('');
    for (const text of [good, wrong, none].flatMap(({ stdout, stderr }) => [stdout, stderr]).concat(worker.log()))
      expect(text).not.toMatch(/s3cr3t|wr0ng/);
  },
);

test('wrong settings of a worker are told at once', async () => {
  const cases: [string[], number, RegExp][] = [
    [['--redis', 'http://127.0.0.1'], 2, /redis must be a URL/],
    [
      ['--redis', 'redis://:s3cr3t@127.0.0.1:1'],
      1,
      /cannot reach Redis at redis:\/\/127\.0\.0\.1:1: nobody answers there/,
    ],
    [['--redis', 'redis://127.0.0.1:1', '--root', at('nowhere')], 2, /root must be a folder that is there/],
    [['--redis', 'redis://127.0.0.1:1', '--allow-url', 'ftp://x/'], 2, /allowUrls must be http or https URLs/],
    [['--redis', 'redis://127.0.0.1:1', '--threads', '0'], 2, /Expected 1 to 256/],
  ];
  for (const [flags, status, sentence] of cases) {
    const ended = await run(['work', ...flags]);
    expect([ended.status, ended.stderr], flags.join(' ')).toEqual([status, expect.stringMatching(sentence)]);
    expect(ended.stderr).not.toContain('s3cr3t');
  }
});

test.each(['bullmq', 'ioredis'])('without the package %s both commands name what to install', async (name) => {
  const preload = `import Module from 'node:module';
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (specifier, ...rest) {
      if (specifier !== ${JSON.stringify(name)}) return resolve.call(this, specifier, ...rest);
      throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
    };`;
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`, CLI];
  write('one.npy', npyBytes([[3, 4]]));
  const redis = ['--redis', 'redis://127.0.0.1:1'];
  const options = { command: process.execPath };
  for (const args of [
    ['work', ...redis],
    ['distribute', at('one.npy'), '--shards', '1', '--out', at('o.npy'), ...redis],
  ]) {
    const { status, stderr } = await run([...flags, ...args], options);
    expect([status, stderr]).toEqual([2, `error: the queue needs the package ${name}; npm install bullmq ioredis\n`]);
  }
});

test.skipIf(!hasRedis)('a program distributes and works by simdex/bullmq', async () => {
  const redis = await startRedis();
  write('program.npy', npyBytes(randomRows(300, 4, 13)));
  const program = `
    import { cancelDistribution, createWorker, distribute } from ${JSON.stringify(new URL('../../dist/index.bullmq.js', import.meta.url).href)};
    const redis = ${JSON.stringify(redis.url)};
    const worker = await createWorker({ redis, threads: 1 });
    const phases = new Set();
    const onProgress = ({ phase, total, shards }) => phases.add([phase, total, shards.total].join());
    const { vectors } = await distribute({ redis, files: ['program.npy'], shards: 3, out: 'program-out.npy', name: 'p', onProgress });
    const again = await cancelDistribution({ redis, name: 'p' });
    await worker.close();
    const errors = [];
    for (const wrong of [{ shards: 0 }, { files: [] }, { out: 'x.txt' }, { name: '/' }, { order: 'up' }, { onInvalid: 'x' }, { graph: true }, { extra: 1 }])
      await distribute({ redis, files: ['program.npy'], shards: 1, out: 'o.npy', ...wrong }).catch(({ code, message }) => errors.push([code, message.split(': ')[1].split(' ')[0]].join()));
    for (const wrong of [{ threads: 0 }, { root: '' }, { allowUrls: 'x' }, { extra: 1 }])
      await createWorker({ redis, ...wrong }).catch(({ code, message }) => errors.push([code, message.split(': ')[1].split(' ')[0]].join()));
    console.log(JSON.stringify({ vectors, again, phases: [...phases], errors, name: worker.name }));
  `;
  const options = { cwd: directory.path, env: plainEnvironment(), encoding: 'utf8' } as const;
  const told = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], options));
  expect(told).toMatchObject({ vectors: 300, again: false, name: expect.stringMatching(/^.+:\d+$/) });
  expect(told.phases).toContain('indexing,300,3');
  const named = ['shards', 'files', 'out', 'name', 'order', 'onInvalid', 'out', 'options.extra'];
  const ofWorker = ['threads', 'root', 'allowUrls', 'options.extra'];
  expect(told.errors).toEqual([...named, ...ofWorker].map((name) => `InvalidConfiguration,${name}`));
});

test.runIf(hasRedis)('10,000 shards are planned in less than 200 MB', async () => {
  const redis = await startRedis();
  write('many.npy', npyBytes(randomRows(20_000, 2, 14)));
  const args = ['distribute', at('many.npy'), '--shards', '10000', '--out', at('many-out.npy'), '--redis', redis.url];
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said = await new Promise<string>((resolve) => child.stderr.setEncoding('utf8').on('data', resolve));
  // Said when all is queued.
  expect(said).toMatch(/no worker is connected \(10,000 shards to do\); start some with simdex work/);
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  child.kill('SIGKILL');
  expect(Number(/VmHWM:\s+(\d+) kB/.exec(status)![1])).toBeLessThan(200_000);
});
