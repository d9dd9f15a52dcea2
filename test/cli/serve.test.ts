/**
 * `simdex serve` as a process: what it refuses, what it serves, how it ends.
 */
import { existsSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { answerOf, send } from '../server/outside-support.js';
import { CLI, plainEnvironment, run, type Started, start, temporaryDirectory, until } from './support.js';

const directory = temporaryDirectory();
directory.write('key.txt', 'the-key\n');
directory.write('read.txt', 'the-read-key\r\n');

/** Without the settings that the machine may have. */
function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const entries = Object.entries(plainEnvironment()).filter(([name]) => !name.startsWith('SIMDEX_'));
  return { ...Object.fromEntries(entries), ...more };
}

interface Serving extends Started {
  readonly port: number;
}

let stores = 0;

async function serve(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Serving> {
  const data = args.includes('--data') || env['SIMDEX_DATA'] ? [] : ['--data', directory.at(`store-${++stores}`)];
  const started = start(['serve', '--port', '0', '--threads', '1', ...data, ...args], {
    env: environment(env),
    cwd: directory.path,
  });
  onTestFinished(() => void started.child.kill('SIGKILL'));
  const listening = () => /listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(started.stdout())?.[1];
  await until(() => listening() !== undefined || started.child.exitCode !== null, 10);
  return { ...started, port: Number(listening()) };
}

describe('refused with status 2 and a sentence', () => {
  test.each<[readonly string[], NodeJS.ProcessEnv, RegExp]>([
    [
      ['--host', '0.0.0.0'],
      {},
      /^error: host "0\.0\.0\.0" can be reached from other machines, which needs an API key; give one/,
    ],
    [['--read-only-api-key-file', 'read.txt'], {}, /^error: readOnlyApiKey needs apiKey/],
    [['--api-key-file', 'none.txt'], {}, /^error: --api-key-file none\.txt: cannot be read: ENOENT/],
    [['--api-key-file', 'empty.txt'], {}, /^error: --api-key-file empty\.txt: expected one line of visible ASCII/],
    [['--tls-cert', 'key.txt'], {}, /^error: --tls-cert and --tls-key go together/],
    [['--cors', '*'], {}, /^error: cors must be origins such as https:\/\/app\.example/],
    [['--config', 'config.json'], {}, /^error: config\.json: unknown setting "prot"; there are data,/],
    [[], { SIMDEX_PORT: 'tcp://10.0.0.1:6333' }, /^error: SIMDEX_PORT: expected 0 to 65535/],
  ])('%j %j', async (args, env, message) => {
    directory.write('empty.txt', '\n');
    directory.write('config.json', '{"prot": 1}');
    const { status, stderr, stdout } = await run(['serve', '--data', 'never', ...args], {
      env: environment(env),
      cwd: directory.path,
    });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(existsSync(directory.at('never'))).toBe(false);
  });

  test.each(['fastify', 'lmdb'])('without the package %s', async (name) => {
    const hooks = `export async function resolve(specifier, context, next) {
      if (specifier !== ${JSON.stringify(name)}) return next(specifier, context);
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    }`;
    const moduleOf = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;
    const loader = moduleOf(`
      import Module, { register } from 'node:module';
      register(${JSON.stringify(moduleOf(hooks))});
      // The hooks hear of imports alone.
      const resolve = Module._resolveFilename;
      Module._resolveFilename = function (request, ...rest) {
        if (request !== ${JSON.stringify(name)}) return resolve.call(this, request, ...rest);
        throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
      };`);
    const command = { command: process.execPath, env: environment(), cwd: directory.path };
    const { status, stdout, stderr } = await run(['--import', loader, CLI, 'serve', '--data', 'never'], command);
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `error: the server needs the package ${name}; npm install fastify lmdb\n`,
    });
    // Nothing else needs it.
    expect(await run(['--import', loader, CLI, 'index', '--help'], command)).toMatchObject({ status: 0 });
  });
});

test('settings of the environment and of a file count; keys lose their line break; the log is JSON lines without keys', async () => {
  const config = directory.write(
    'serve.json',
    JSON.stringify({ apiKeyFile: 'key.txt', maxBody: 200, cors: ['https://app.example'] }),
  );
  const env = { SIMDEX_READ_ONLY_API_KEY_FILE: 'read.txt', SIMDEX_CONFIG: config, SIMDEX_APIKEY: 'typo' };
  const { port, child, ended, stdout } = await serve(['--log-level', 'info'], env);
  expect((await send(port, '/collections')).status).toBe(401);
  expect((await send(port, '/collections', { headers: { 'api-key': 'the-key' } })).status).toBe(200);
  const reader = { 'api-key': 'the-read-key', origin: 'https://app.example', 'content-type': 'application/json' };
  const read = await send(port, '/collections', { headers: reader });
  expect([read.status, read.headers['access-control-allow-origin']]).toEqual([200, 'https://app.example']);
  expect((await send(port, '/collections/c', { method: 'DELETE', headers: reader })).status).toBe(403);
  const long = JSON.stringify({ vectors: { size: 2, distance: 'Cosine' }, x: 'x'.repeat(200) });
  const headers = { 'api-key': 'the-key', 'content-type': 'application/json' };
  expect((await send(port, '/collections/c', { method: 'PUT', headers, body: long })).status).toBe(413);
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ status: 0, signal: null, stderr: '' });
  const lines = stdout()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', variable: 'SIMDEX_APIKEY' }));
  expect(lines.filter(({ msg }) => msg === 'request').map(({ status }) => status)).toEqual([401, 200, 200, 403, 413]);
  expect(stdout()).not.toMatch(/the-key|the-read-key/);
});

test('SIGTERM: what is under way is answered, new requests are not taken, the exit status is 0, and all is there again', async () => {
  const data = directory.at('drained');
  const { port, child, ended } = await serve(['--data', data]);
  const headers = { 'content-type': 'application/json' };
  const create = JSON.stringify({ vectors: { size: 2, distance: 'Dot' } });
  expect((await send(port, '/collections/c', { method: 'PUT', headers, body: create })).status).toBe(200);
  const body = JSON.stringify({ points: [{ id: 1, vector: [1, 2], payload: { a: 1 } }] });
  const length = { 'content-length': String(body.length) };
  const under = request({
    host: '127.0.0.1',
    port,
    path: '/collections/c/points?wait=true',
    method: 'PUT',
    agent: false,
    headers: { ...headers, ...length, expect: '100-continue' },
  });
  // The server says so when it has begun with the request.
  const begun = new Promise((resolve) => under.once('continue', resolve));
  under.flushHeaders();
  await begun;
  under.write(body.slice(0, 10));
  child.kill('SIGTERM');
  // Until it no longer listens.
  for (;;) if ((await send(port, '/readyz').catch(() => undefined)) === undefined) break;
  under.end(body.slice(10));
  expect((await answerOf(under)).status).toBe(200);
  expect(await ended).toMatchObject({ status: 0, signal: null });
  const again = await serve(['--data', data]);
  const { status, text } = await send(again.port, '/collections/c/points/1');
  expect([status, JSON.parse(text).result.vector]).toEqual([200, [1, 2]]);
  again.child.kill('SIGINT');
  expect(await again.ended).toMatchObject({ status: 0, signal: null });
});

test('a stream of events does not hold up the end', async () => {
  const { port, child, ended } = await serve([]);
  const events = request({ host: '127.0.0.1', port, path: '/dashboard/events', agent: false });
  events.end();
  const text = answerOf(events);
  await new Promise((resolve) => events.once('response', resolve));
  child.kill('SIGTERM');
  expect((await text).text).toContain('event: heartbeat');
  expect(await ended).toMatchObject({ status: 0 });
});

test('a port that is taken is status 1 and a sentence', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  const { status, stderr } = await run(['serve', '--data', directory.at('taken'), '--port', String(port)], {
    env: environment(),
  });
  other.close();
  expect(status).toBe(1);
  expect(stderr).toMatch(/^error: listen EADDRINUSE: address already in use 127\.0\.0\.1:\d+\n$/);
});
