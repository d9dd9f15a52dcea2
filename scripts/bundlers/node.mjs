// Servers that a bundler makes one file of: simdex works in it, or says once what to mark as external.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build as esbuild } from 'esbuild';
import { build as viteBuild } from 'vite';
import webpack from 'webpack';
import { installPackages } from '../runtimes/install.mjs';
import { installRuntime } from '../runtimes/servers.mjs';
import { serveNext } from './next.mjs';
import { refuseWarnings, requireNoWarnings, warningLog } from './warnings.mjs';

const run = promisify(execFile);
const TIME_LIMIT_MS = 120_000;

const program = `
import { MonitoredParallelIndexer, VectorIndex } from 'simdex';
export async function main() {
  const data = Float32Array.from({ length: 50_000 * 32 }, (_, i) => Math.sin(i * i));
  const indexed = [];
  let threads = 0;
  for (let i = 0; i < 2; i++) {
    const indexer = new MonitoredParallelIndexer(2);
    indexed.push((await indexer.indexVectorsMonitored({ data, dims: 32 })).indexedCount);
    threads = indexer.backend.threads;
    await indexer.dispose();
  }
  const index = await VectorIndex.build({ data, dims: 32 }, { threadCount: 2, graph: false });
  const { ids } = await index.search(data.subarray(32, 64), 1);
  await index.dispose();
  return { indexed, ids, threads };
}
`;
const printing = `${program}\nmain().then((answer) => console.log(JSON.stringify(answer)));`;

async function bundle(options) {
  const { warnings } = await esbuild({ ...options, bundle: true, platform: 'node', logLevel: 'silent' });
  refuseWarnings(warnings.map(({ text }) => text));
}

const esbuildTo = (format) => async (at, app) => {
  const outfile = join(at, format === 'esm' ? 'out.mjs' : 'out.cjs');
  await bundle({ stdin: { contents: printing, resolveDir: app }, format, outfile });
  return outfile;
};

/** Each makes one file in `at` of a program that is in `app`, where simdex is installed, and gives its path. */
export const nodeBundlers = {
  'server, esbuild, ESM': esbuildTo('esm'),
  'server, esbuild, CommonJS': esbuildTo('cjs'),
  /** Rollup, as Vite sets it up for servers. */
  async 'server, rollup'(at, app) {
    writeFileSync(join(app, 'server.mjs'), printing);
    const log = warningLog();
    await viteBuild({
      root: app,
      configFile: false,
      customLogger: log,
      ssr: { noExternal: true },
      build: {
        ssr: 'server.mjs',
        outDir: at,
        target: 'node20',
        emptyOutDir: false,
        rollupOptions: { output: { inlineDynamicImports: true, entryFileNames: 'out.mjs' } },
      },
    });
    refuseWarnings(log.warnings);
    return join(at, 'out.mjs');
  },
  async 'server, webpack'(at, app) {
    writeFileSync(join(app, 'server.mjs'), printing);
    const stats = await new Promise((resolve, reject) => {
      const config = {
        mode: 'production',
        target: 'node20',
        context: app,
        entry: './server.mjs',
        output: { path: at, filename: 'out.cjs', chunkFormat: false },
        optimization: { splitChunks: false },
        plugins: [new webpack.optimize.LimitChunkCountPlugin({ maxChunks: 1 })],
      };
      webpack(config, (error, result) => (error ? reject(error) : resolve(result)));
    });
    requireNoWarnings(stats);
    return join(at, 'out.cjs');
  },
  /** As people put a function into a zip file: the bundle, and nothing else. */
  async 'function in a zip, esbuild'(at, app) {
    const outfile = join(at, 'index.cjs');
    const contents = program.replace('function main', 'function handler');
    await bundle({ stdin: { contents, resolveDir: app }, format: 'cjs', minify: true, outfile });
    const caller = join(at, 'runtime.cjs');
    writeFileSync(caller, "require('./index.cjs').handler().then((answer) => console.log(JSON.stringify(answer)));");
    return caller;
  },
};

/** Bundlers that must be installed first, or take long. */
export const heavyNodeBundlers = {
  async 'server, bun build'(at, app) {
    const { command } = await installRuntime('Bun', join(at, 'bun'));
    writeFileSync(join(app, 'server.mjs'), printing);
    const outfile = join(at, 'out.mjs');
    const args = ['build', 'server.mjs', '--target', 'node', '--outfile', outfile];
    const { stdout, stderr } = await run(command, args, { cwd: app });
    refuseWarnings(`${stdout}\n${stderr}`.split('\n').filter((line) => /warn/i.test(line)));
    return outfile;
  },
};

/** Rejects with what is wrong: a wrong answer, one thread without a word, or a word more than once. */
export async function tryNodeBundle(make, at, app) {
  const file = await make(at, app);
  const { stdout, stderr } = await run(process.execPath, [file], { cwd: at, timeout: TIME_LIMIT_MS });
  return judge(stdout, stderr);
}

function judge(stdout, stderr) {
  const { threads, ...answer } = JSON.parse(stdout);
  const expected = { indexed: [50_000, 50_000], ids: [1] };
  if (JSON.stringify(answer) !== JSON.stringify(expected)) throw new Error(`found ${stdout}`);
  const told = stderr.match(/SIMDEX_BUNDLED/g)?.length ?? 0;
  if (threads !== 2 && told !== 1) throw new Error(`${threads} threads, and ${told} words about it: ${stderr}`);
  if (threads === 2 && told !== 0) throw new Error(`2 threads, but the process was told: ${stderr}`);
  if (told === 1 && !/mark the package simdex as external/.test(stderr)) throw new Error(stderr);
  return threads === 2 ? '2 threads' : 'calling thread, told once';
}

/** A real build of Next with a route that indexes and searches; the route's answer is that of a server of one's own. */
export async function tryNext(at, packed, external) {
  installPackages(at, [packed, 'next@15', 'react@19', 'react-dom@19']);
  const route = `${program.replace('export async', 'async')}
export async function GET() {
  return Response.json(await main());
}`;
  const answers = [];
  const visit = async (url) => {
    for (let turn = 0; turn < 2; turn++) {
      const response = await fetch(`${url}/api/search`, { signal: AbortSignal.timeout(TIME_LIMIT_MS) });
      answers.push(await response.text());
    }
  };
  // There is a lock file above this folder, too.
  const config = { outputFileTracingRoot: at, ...(external ? { serverExternalPackages: ['simdex'] } : {}) };
  const said = await serveNext(at, route, visit, JSON.stringify(config));
  return judge(answers.at(-1), said);
}
