// What somebody does who has nothing but the README: its install command, its programs pasted into fresh projects, and what they print compared with
// what the README says. The packed package takes the place of the name. Ends with status 1 when something differs. Takes minutes: before a release.
//
//   node scripts/newcomer.mjs [name...]
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright';
import { serveNext } from './bundlers/next.mjs';
import { chromiumFlags, findChromium } from './find-chromium.mjs';
import { servePages } from './page-server.mjs';
import { packPackage } from './runtimes/install.mjs';
import { whileServing } from './while-serving.mjs';

const run = promisify(execFile);
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'simdex-newcomer-'));

/** The first block of code below a heading. */
function blockBelow(heading, language) {
  const section = readme.slice(readme.indexOf(`\n## ${heading}\n`));
  const block = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(section);
  if (!block || !readme.includes(`\n## ${heading}\n`)) throw new Error(`README.md has no ${language} below ${heading}`);
  return block[1];
}

const nodeProgram = blockBelow('In a Node program', 'js');
/** Without the line that is the command. */
const printed = blockBelow('In a Node program', 'console').replace(/^\$.*\n/, '');
const pageProgram = blockBelow('In a page', 'js');
const [forProgram, forServer] = [/^npm install simdex$/m, /^npm install simdex .+$/m].map((line) => {
  const command = line.exec(readme)?.[0];
  if (!command) throw new Error(`README.md has no line ${line}`);
  return command.replace('npm install ', '').split(' ');
});

const projects = {
  async 'Node, ESM'(at, packed) {
    install(at, forProgram, packed);
    writeFileSync(join(at, 'quick-start.mjs'), nodeProgram);
    expectPrinted((await run(process.execPath, ['quick-start.mjs'], { cwd: at })).stdout);
  },

  async 'TypeScript, strict, nodenext'(at, packed) {
    install(at, [...forProgram, ...typescript], packed);
    writeFileSync(join(at, 'quick-start.ts'), nodeProgram);
    await compile(at, { module: 'nodenext', moduleResolution: 'nodenext' });
    expectPrinted((await run(process.execPath, ['out/quick-start.js'], { cwd: at })).stdout);
  },

  async 'TypeScript, strict, bundler'(at, packed) {
    install(at, [...forProgram, ...typescript], packed);
    writeFileSync(join(at, 'quick-start.ts'), nodeProgram);
    await compile(at, { module: 'esnext', moduleResolution: 'bundler' });
    expectPrinted((await run(process.execPath, ['out/quick-start.js'], { cwd: at })).stdout);
  },

  /** The page as it is served without any headers. */
  async Vite(at, packed) {
    install(at, [...forProgram, 'vite@7'], packed);
    writeFileSync(join(at, 'main.js'), pageProgram);
    writeFileSync(
      join(at, 'index.html'),
      '<!doctype html><input type="file"><output></output><script type="module" src="/main.js"></script>',
    );
    await run(process.execPath, ['node_modules/vite/bin/vite.js', 'build'], { cwd: at });
    const rows = 'id,a,b\neast,1,0\nnorth,0,1\nnorth-east,1,1\nwest,-1,0\n';
    const shown = await pickFile(join(at, 'dist'), 'rows.csv', rows);
    const expected = 'east: 1.000, north-east: 0.707, north: 0.000';
    if (shown !== expected) throw new Error(`the page shows ${shown}, expected ${expected}`);
  },

  async Next(at, packed) {
    install(at, [...forProgram, 'next@latest', 'react@latest', 'react-dom@latest'], packed);
    const [imports, body] = nodeProgram.split(/\n\n(.*)/s);
    const route = `${imports}\nexport async function GET() {\n${body}\nreturn Response.json({ ids, scores: [...scores] });\n}`;
    const said = await serveNext(at, route, async (url) => {
      const { ids, scores } = await (await fetch(`${url}/api/search`)).json();
      // As Node prints the two.
      expectPrinted((await run(process.execPath, ['-e', inspecting(ids, scores)])).stdout);
    });
    if (!said.includes(printed.trim())) throw new Error(`the route wrote ${said}`);
  },

  async server(at, packed) {
    install(at, forServer, packed);
    // A port that is free, in place of the usual one.
    const options = { cwd: at, env: { ...process.env, SIMDEX_PORT: '0' } };
    await whileServing('npx', ['simdex', 'serve'], options, async (url) => {
      const headers = { 'content-type': 'application/json' };
      const put = async (path, body) => {
        const answer = await fetch(`${url}${path}`, { method: 'PUT', headers, body: JSON.stringify(body) });
        if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
      };
      await put('/collections/compass', { vectors: { size: 2, distance: 'Cosine' } });
      await put('/collections/compass/points?wait=true', { points: [{ id: 1, vector: [1, 0] }] });
      const dashboard = await fetch(`${url}/dashboard`);
      if (!/<title>[^<]*simdex/i.test(await dashboard.text())) throw new Error(`dashboard: ${dashboard.status}`);
    });
  },
};

const typescript = ['typescript@5', '@types/node@22'];

async function compile(at, options) {
  const compilerOptions = { ...options, strict: true, target: 'es2022', types: ['node'], outDir: 'out' };
  writeFileSync(join(at, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, '-p', '.'], { cwd: at }).catch(({ stdout }) => {
    throw new Error(stdout);
  });
}

function install(at, packages, packed) {
  writeFileSync(join(at, 'package.json'), JSON.stringify({ name: 'fresh', private: true, type: 'module' }));
  const named = packages.map((name) => (name === 'simdex' ? packed : name));
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent', ...named];
  execFileSync('npm', args, { cwd: at, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
}

const inspecting = (ids, scores) => `console.log(${JSON.stringify(ids)}, Float32Array.from(${JSON.stringify(scores)}))`;

function expectPrinted(found) {
  if (found !== printed) throw new Error(`printed ${found}README.md says ${printed}`);
}

/** What the page's `output` shows once the file is picked. */
async function pickFile(root, name, text) {
  const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumFlags });
  const server = await servePages(root, {});
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(server.url);
    await page.setInputFiles('input', { name, mimeType: 'text/csv', buffer: Buffer.from(text) });
    const isShown = () => document.querySelector('output').textContent !== '';
    await page.waitForFunction(isShown, undefined, { timeout: 60_000 }).catch((error) => {
      throw new Error([error.message, ...errors].join('\n'));
    });
    return await page.textContent('output');
  } finally {
    await browser.close();
    await server.close();
  }
}

const wanted = process.argv.slice(2);
try {
  const packed = packPackage(folder);
  for (const [name, attempt] of Object.entries(projects)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    if (name === 'Vite' && !findChromium()) {
      console.log(`skip ${name}: no Chromium. See scripts/find-chromium.mjs.`);
      continue;
    }
    const at = join(folder, name.replaceAll(/\W+/g, '-'));
    mkdirSync(at);
    try {
      await attempt(at, packed);
      console.log(`ok   ${name}`);
    } catch (error) {
      console.log(`FAIL ${name}: ${error.message}`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
