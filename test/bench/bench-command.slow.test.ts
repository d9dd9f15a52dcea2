/**
 * `simdex bench` as built, from start to end. What it measures is not judged, only that it is told consistently.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resultsToHtml } from '../../bench/suite/html.js';
import { resultsToMarkdown } from '../../bench/suite/markdown.js';
import { resultsFromJson, resultsToJson } from '../../bench/suite/results-json.js';
import { runWarm } from '../cli/warm-command.js';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let baseline: string;

const CLI = resolve('dist/cli.js');
const argsOf = (flags: readonly string[]) => ['bench', '--quick', '--threads', '2', ...flags];

function bench(...flags: readonly string[]): Promise<Outcome> {
  const args = [CLI, ...argsOf(flags)];
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: folder }, (error, stdout, stderr) => {
      done({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** The baseline with every minimum multiplied. */
async function writeScaled(name: string, factor: number): Promise<void> {
  const results = resultsFromJson(baseline);
  const cases = results.cases.map((result) => ({ ...result, minNsPerVector: factor * result.minNsPerVector }));
  const calm = { low: 1, high: 1, ratios: 1 };
  const noise = { oneThread: calm, threads: calm };
  await writeFile(join(folder, name), resultsToJson({ ...results, cases, noise }));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simdex-bench-'));
  const { stdout } = await bench('--case', 'sort/128/*', '--json', '--html', 'page.html', '--markdown', 'table.md');
  baseline = stdout;
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

describe('simdex bench', () => {
  it('prints JSON of the cases asked for, and the same figures as page and table', async () => {
    const results = resultsFromJson(baseline);
    expect(results.cases.map(({ name }) => name)).toEqual([
      'sort/128/javascript',
      'sort/128/scalar',
      'sort/128/simd',
      'sort/128/threads',
    ]);
    expect(results.threads).toBe(2);
    for (const { samples, minNsPerVector, medianNsPerVector } of results.cases) {
      expect(samples).toBeGreaterThanOrEqual(results.settings.rounds);
      expect(minNsPerVector).toBeLessThanOrEqual(medianNsPerVector);
    }
    expect(results.noise.oneThread?.ratios).toBe(3);
    expect(results.noise.threads?.ratios).toBe(3);
    expect(await readFile(join(folder, 'page.html'), 'utf8')).toBe(resultsToHtml(results));
    expect(await readFile(join(folder, 'table.md'), 'utf8')).toBe(resultsToMarkdown(results));
  });

  it('prints a table by default, with progress apart, and the column of a native program', async () => {
    const native = join(folder, 'native');
    await writeFile(native, `#!/bin/sh\necho '{"minNsPerVector":77.5,"medianNsPerVector":80}'\n`, { mode: 0o755 });
    const { status, stdout, stderr } = await bench('--case', 'normalize/64/simd', '--native', native);
    expect(stderr).toBe('normalize, 64 dims (1 of 1)\n');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\| dims \| SIMD WASM ns \| native ns \| native × 2 ns \|/);
    expect(stdout).toMatch(/\| 64 +\| +[\d.,]+ \| +77\.5 \| +77\.5 \|/);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('ends with status 0 against a baseline that was slower', async () => {
    await writeScaled('slow.json', 1e6);
    const { status, stdout } = await bench('--case', 'sort/128/simd', '--compare', 'slow.json');
    expect(stdout.replaceAll('\n', ' ')).toContain(
      '0 slower, 1 faster, 0 within the noise band; 3 cases are in one of the two only.',
    );
    expect(status).toBe(0);
  });

  it('ends with status 1 against a baseline that was faster, and still writes its files', async () => {
    await writeScaled('fast.json', 1e-6);
    const { status, stdout, stderr } = await bench(
      ...['--case', 'sort/128/simd', '--json', '--compare', 'fast.json', '--html', 'now.html'],
    );
    expect(status).toBe(1);
    expect(stderr).toContain('1 slower, 0 faster');
    expect(stderr).toContain('--compare fast.json: slower by more than the noise.');
    expect(await readFile(join(folder, 'now.html'), 'utf8')).toBe(resultsToHtml(resultsFromJson(stdout)));
  });

  it('ends with status 1 where noise hides what changed', async () => {
    const results = resultsFromJson(baseline);
    const noise = { oneThread: { low: 1e-6, high: 1e6, ratios: 3 }, threads: undefined };
    await writeFile(join(folder, 'noisy.json'), resultsToJson({ ...results, noise }));
    const { status, stdout, stderr } = await bench('--case', 'sort/128/simd', '--compare', 'noisy.json');
    expect(stdout).toContain('Too noisy to judge 1 of 1 case');
    expect(stderr).toContain('--compare noisy.json: too noisy to judge.');
    expect(status).toBe(1);
  });

  it.each([
    ['an unknown case', ['--case', 'sort/100/*'], /^error: --case: .*case must be operation\/dims\/variant/],
    [
      'a missing baseline',
      ['--compare', 'none.json'],
      /^error: --compare none\.json: there is no baseline to read \(ENOENT/,
    ],
    ['a baseline that is none', ['--compare', 'page.html'], /^error: --compare page\.html: .*it is not JSON/],
    ['other cases', ['--case', 'sort/64/*', '--compare', 'same.json'], /it holds none of the cases/],
    ['other threads', ['--threads', '3', '--compare', 'same.json'], /another number of threads: 2, here 3/],
    ['a native program that is missing', ['--native', './none'], /^error: --native: .*\.\/none failed/],
    ['a native program without a case', ['--case', 'sort/*', '--native', './none'], /only normalize and pipeline/],
    [
      'a thread count that is none',
      ['--threads', '0'],
      /^error: option '--threads <n>' argument '0' is invalid\. Expected 1 to 256, or auto/,
    ],
    ['an unknown flag', ['--fast'], /unknown option '--fast'/],
    ['one file for two outputs', ['--html', './never.md'], /never\.md is given for two outputs/],
    [
      'an output that is the baseline',
      ['--compare', 'same.json', '--html', 'same.json'],
      /--html same\.json is also an input/,
    ],
  ])('refuses %s with status 2, before it measures or writes', async (_, flags, message) => {
    await writeFile(join(folder, 'same.json'), baseline);
    const args = argsOf([...flags, '--markdown', 'never.md']);
    const { status, stdout, stderr } = await runWarm(CLI, args, folder);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
    expect(await readdir(folder)).not.toContain('never.md');
  });
});
