// The runtimes outside of browsers: each is installed from the npm registry into a folder of its own, and does what people do with
// simdex. The answers of the command are compared with those that the Node of this process gives.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { whileServing } from '../while-serving.mjs';

const TIME_LIMIT_MS = 180_000;
const run = promisify(execFile);
const programs = dirname(fileURLToPath(import.meta.url));

const node = (major) => ({
  package: `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}@${major}`,
  executable: 'bin/node',
  arguments: [],
});

/** `times`: how often the program of what every runtime must do is run. One that hung did so at random. */
export const runtimes = {
  'Node 20': { executable: process.execPath, arguments: [] },
  'Node 22': node(22),
  'Node 24': node(24),
  'Node 26': node(26),
  Bun: {
    package: `@oven/bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}@1`,
    executable: 'bin/bun',
    arguments: [],
  },
  Deno: {
    package: `@deno/${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}@2`,
    executable: 'deno',
    arguments: ['run', '--allow-all'],
    times: 10,
  },
};

/** Puts what the checks run beside `node_modules`, where simdex and the packages of the server are. */
export function preparePrograms(app) {
  for (const file of ['smoke.mjs', 'dying-worker.mjs', 'ends.mjs']) cpSync(join(programs, file), join(app, file));
}

/** The runtime's command and version; installs it into `folder`. Rejects where the registry does not give it. */
export async function installRuntime(name, folder) {
  const { package: spec, executable, arguments: first } = runtimes[name];
  let command = executable;
  if (spec) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"private": true}');
    await run('npm', ['install', '--no-audit', '--no-fund', '--silent', spec], { cwd: folder });
    command = join(folder, 'node_modules', spec.replace(/(?!^)@.*/, ''), executable);
  }
  const { stdout } = await run(command, ['--version']);
  return { command, first, version: /\d+\.\d+\.\d+/.exec(stdout)[0] };
}

/** Does everything once, the smoke program as often as the runtime asks. Rejects with what is wrong. */
export async function tryRuntime(name, runtime, app, told) {
  const works = join(app, 'files');
  const start = (args) => runWithin(runtime, args, app);
  for (let turn = 1; turn <= (runtimes[name].times ?? 1); turn++) {
    rmSync(works, { recursive: true, force: true });
    mkdirSync(works);
    told(`library, ${turn}`);
    const { indexed, searched } = JSON.parse(await start(['smoke.mjs', works]));
    const found = { indexed: { ...indexed }, searched: { ...searched, recall: undefined } };
    const backend = { kernel: 'simd', threads: 2, shared: true };
    requireEqual(found, { indexed: { ...backend, busyThreads: 2 }, searched: backend });
  }
  told('a program that disposes of nothing');
  requireEqual(JSON.parse(await start(['ends.mjs'])), { indexedCount: 30_000, ids: [0] });
  told('command');
  await tryCommand(runtime, app, works);
  told('server');
  await tryServer(runtime, app);
}

async function tryCommand(runtime, app, works) {
  const cli = 'node_modules/simdex/dist/cli.js';
  const here = { command: process.execPath, first: [] };
  const outputs = [];
  for (const [by, at] of [
    [here, 'expected'],
    [runtime, 'found'],
  ]) {
    const folder = join(works, at);
    mkdirSync(folder);
    const rows = join(works, 'rows.npy');
    const unit = join(folder, 'unit.npy');
    const saved = join(folder, 'unit.safetensors');
    await runWithin(by, [cli, 'index', rows, '--quiet', '--out', unit, '--report', join(folder, 'run.html')], app);
    await runWithin(by, [cli, 'index', rows, '--quiet', '--out', saved], app);
    const search = await runWithin(by, [cli, 'search', saved, '--row', '3', '-k', '5', '--json'], app);
    const info = await runWithin(by, [cli, 'info', saved], app);
    outputs.push({
      unit: readFileSync(unit).toString('base64'),
      saved: readFileSync(saved).toString('base64'),
      hits: JSON.parse(search).queries,
      info: info.replaceAll(folder, ''),
    });
    if (!readFileSync(join(folder, 'run.html'), 'utf8').includes('</html>')) throw new Error('the report is cut short');
  }
  for (const part of Object.keys(outputs[0])) requireEqual(outputs[1][part], outputs[0][part]);
}

async function tryServer(runtime, app) {
  const store = join(app, 'store');
  rmSync(store, { recursive: true, force: true });
  const args = ['node_modules/simdex/dist/cli.js', 'serve', '--data', store, '--port', '0'];
  const visit = async (url) => {
    const ask = async (method, path, body) => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(30_000),
      });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()).result;
    };
    await ask('PUT', '/collections/c', { vectors: { size: 2, distance: 'Cosine' } });
    const points = [
      { id: 1, vector: [1, 0] },
      { id: 2, vector: [0, 1] },
    ];
    await ask('PUT', '/collections/c/points?wait=true', { points });
    const { points: found } = await ask('POST', '/collections/c/points/query', { query: [1, 3], limit: 1 });
    requireEqual(
      found.map(({ id }) => id),
      [2],
    );
  };
  const { said, status } = await whileServing(
    runtime.command,
    [...runtime.first, ...args],
    { cwd: app },
    visit,
    TIME_LIMIT_MS,
  );
  if (status !== 0) throw new Error(`the server ended with ${status}: ${said}`);
}

/** Standard output of a program that ends well within the limit. */
async function runWithin({ command, first }, args, cwd) {
  const options = { cwd, timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 };
  try {
    return (await run(command, [...first, ...args], options)).stdout;
  } catch (error) {
    const why = error.killed ? `it hung: no end within ${TIME_LIMIT_MS / 1000} s` : error.message;
    throw new Error(`${args.join(' ')}: ${why}\n${error.stdout}${error.stderr}`);
  }
}

function requireEqual(found, expected) {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`found ${a.slice(0, 300)}\nexpected ${b.slice(0, 300)}`);
}
