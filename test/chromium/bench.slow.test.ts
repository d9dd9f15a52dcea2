/**
 * The benchmarks of pages, from start to end. What they measure is not judged, only that there is a figure for every case, by
 * a clock that is fine enough, and that it is told consistently.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resultsToHtml } from '../../bench/suite/html.js';
import { resultsToMarkdown } from '../../bench/suite/markdown.js';
import { resultsFromJson } from '../../bench/suite/results-json.js';
import { hasChromium } from './browser.js';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(script: string, cwd: string, ...flags: readonly string[]): Promise<Outcome> {
  return new Promise((done) => {
    execFile(process.execPath, [resolve('bench', script), ...flags], { cwd }, (error, stdout, stderr) => {
      done({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe.skipIf(!hasChromium)('bench/browser-suite.mjs', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'simdex-bench-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('measures the cases asked for in Chromium, and prints and writes the same figures', async () => {
    const flags = ['--quick', '--threads', '2', '--case', 'magnitude/64/*', '--case', 'pipeline/64/simd'];
    const outputs = ['--json', '--html', 'page.html', '--markdown', 'table.md'];
    const { status, stdout, stderr } = await run('browser-suite.mjs', folder, ...flags, ...outputs);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'magnitude, 64 dims (1 of 2)\npipeline, 64 dims (2 of 2)\n',
    });
    const results = resultsFromJson(stdout);
    expect(results.machine.engine).toMatch(/^Chromium \d+\./);
    expect(results.threads).toBe(2);
    expect(results.settings.rounds).toBe(3);
    expect(results.cases.map(({ name }) => name)).toEqual([
      'magnitude/64/javascript',
      'magnitude/64/scalar',
      'magnitude/64/simd',
      'magnitude/64/threads',
      'pipeline/64/simd',
    ]);
    for (const { samples, minNsPerVector, gigabytesPerSecond, bandwidthShare } of results.cases) {
      expect(samples).toBeGreaterThanOrEqual(results.settings.rounds);
      for (const figure of [minNsPerVector, gigabytesPerSecond, bandwidthShare]) expect(figure).toBeGreaterThan(0);
    }
    expect(results.noise.oneThread).toBeDefined();
    expect(results.noise.threads).toBeDefined();
    // A clock of whole milliseconds would give nothing else.
    const milliseconds = results.cases.map(({ minNsPerVector, vectors }) => (minNsPerVector * vectors) / 1e6);
    expect(milliseconds.some((ms) => Math.abs(ms - Math.round(ms)) > 0.01)).toBe(true);

    expect(await readFile(join(folder, 'page.html'), 'utf8')).toBe(resultsToHtml(results));
    expect(await readFile(join(folder, 'table.md'), 'utf8')).toBe(resultsToMarkdown(results));
    expect((await readdir(folder)).sort()).toEqual(['page.html', 'table.md']);
  });

  test('prints the table, and refuses what is no case before a browser starts', async () => {
    const { status, stdout } = await run('browser-suite.mjs', folder, '--quick', '--case', 'sort/64/simd');
    expect(status).toBe(0);
    expect(stdout).toMatch(/### Sort\n\n\| dims \| SIMD WASM ns \|/);
    const refused = await run('browser-suite.mjs', folder, '--case', 'shuffle/*');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('shuffle/*');
    expect(await run('browser-suite.mjs', folder, '--threads', '0')).toMatchObject({ status: 2 });
  });

  test('refuses an output that cannot be written before anything is measured', async () => {
    const { status, stdout, stderr } = await run('browser-suite.mjs', folder, '--html', 'missing/page.html');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^.*missing.*\n$/);
  });
});

test.runIf(hasChromium)('bench/browser.mjs compares whole runs in a page with those in Node', async () => {
  const flags = ['--pairs', '1', '--repeats', '2', '--components', '40000', '--only', 'in place'];
  const { status, stdout } = await run('browser.mjs', '.', ...flags);
  expect(status).toBe(0);
  expect(stdout).toContain('1 alternating pair');
  expect(stdout).toContain('minimum of 2 ');
  const lines = stdout.split('\n').filter((line) => /^\| in place/.test(line));
  expect(lines.map((line) => line.split(' | ').slice(1, 3))).toEqual([
    ['128', '313'],
    ['768', '52'],
  ]);
  for (const line of lines) {
    const figures = line.split(' | ').slice(3, 6).map(Number.parseFloat);
    for (const figure of figures) expect(figure).toBeGreaterThan(0);
  }
  expect(stdout).not.toContain('Float32Array[]');
  expect(await run('browser.mjs', '.', '--pairs', 'many')).toMatchObject({
    status: 2,
    stderr: '--pairs: expected a positive integer, got many\n',
  });
});
