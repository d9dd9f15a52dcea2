// Packs simdex, installs the package in an empty folder, and tries it in every runtime: Node, Bun and Deno from the npm registry, and
// the browsers of this machine. Ends with status 1 when something does not work; what is not to be had here is skipped with a message.
// What works is recorded in scripts/runtimes/results.json and in the table of the README.
//
//   node scripts/runtimes.mjs             everything: before a release
//   node scripts/runtimes.mjs --quick     what takes less than a minute: in CI
//   node scripts/runtimes.mjs NAME…       these only: 'Node 26', Bun, Deno, Chromium, Firefox, WebKitGTK,
//                                         'Cloudflare Workers'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { browsers, tryBrowser, versionOf } from './runtimes/browsers.mjs';
import { installPackages, packPackage, pinned } from './runtimes/install.mjs';
import { installRuntime, preparePrograms, runtimes, tryRuntime } from './runtimes/servers.mjs';
import { withTable } from './runtimes/table.mjs';
import { installWorkerd, tryWorkerd } from './runtimes/workerd.mjs';

const QUICK = ['Bun'];
const project = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'simdex-runtimes-'));
const tell = (name, text) => console.error(`     ${name}: ${text}`);

/** A runtime is not here, or the registry does not give it. */
class NotHere extends Error {}

const servers = Object.keys(runtimes).map((name) => ({
  name,
  async try() {
    const app = installApp();
    const runtime = await installRuntime(name, join(folder, name.replace(' ', '-'))).catch((error) => {
      throw new NotHere(`the registry does not give it (${error.message.split('\n')[0]})`);
    });
    await tryRuntime(name, runtime, app, (text) => tell(name, text));
    return {
      name: name.split(' ')[0],
      version: runtime.version,
      how: '2 threads, shared memory, SIMD',
      command: 'yes',
      server: 'yes',
    };
  },
}));

const pages = Object.keys(browsers).map((name) => ({
  name,
  async try() {
    const version = await versionOf(name);
    if (!version) throw new NotHere(`apt-get install ${browsers[name].install}`);
    const passed = await tryBrowser(name, folder);
    tell(name, `${passed} tests passed`);
    const how = `isolated page: 2 workers, shared memory, SIMD${browsers[name].note ?? ''}; other page: 1 worker, SIMD`;
    return { name, version, how, command: '–', server: '–' };
  },
}));

const edge = {
  name: 'Cloudflare Workers',
  async try() {
    const at = join(folder, 'workerd');
    const app = installApp();
    mkdirSync(at);
    try {
      installWorkerd(at);
    } catch (error) {
      throw new NotHere(`the registry does not give miniflare (${error.message.split('\n')[0]})`);
    }
    const version = await tryWorkerd(at, app);
    return { name: 'Cloudflare Workers (workerd)', version, how: 'calling thread, SIMD', command: '–', server: '–' };
  },
};

let app;
/** simdex and what its server needs, once. */
function installApp() {
  if (app) return app;
  const at = join(folder, 'app');
  mkdirSync(at);
  try {
    installPackages(at, [packPackage(folder), ...['fastify', 'lmdb'].map(pinned)]);
  } catch (error) {
    throw new NotHere(`the registry does not give simdex's packages (${error.message.split('\n')[0]})`);
  }
  preparePrograms(at);
  app = at;
  return app;
}

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const wanted = process.argv.includes('--quick') ? QUICK : asked;
const all = [...servers, ...pages, edge];
const found = new Map();
try {
  for (const { name, try: tryIt } of all) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    try {
      const result = await tryIt();
      found.set(name, { tried: name, ...result });
      console.log(`ok   ${name} ${result.version}`);
    } catch (error) {
      const isHere = !(error instanceof NotHere);
      console.log(`${isHere ? 'FAIL' : 'skip'} ${name}: ${error.message}`);
      if (isHere) process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
if (process.exitCode === undefined && wanted !== QUICK) record();

/** Records the results. Runtimes that were not tried keep their earlier ones. */
function record() {
  const file = join(project, 'scripts/runtimes/results.json');
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  const results = all
    .map(({ name }) => found.get(name) ?? before.find((result) => result.tried === name))
    .filter((result) => result !== undefined);
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  const readme = join(project, 'README.md');
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), results));
}
