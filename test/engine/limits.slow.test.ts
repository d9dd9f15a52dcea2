/**
 * Processes that lack something: address space, file descriptors, threads. The answer is the library's own error, or the
 * work done another way; and the next call works once what was lacking is there.
 */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

/** Shells differ in what they can limit. */
const hasUlimit = process.platform === 'linux' && spawnSync('bash', ['-c', 'ulimit -v 8000000']).status === 0;
const isRoot = process.getuid?.() === 0;

/** Runs a module of children/ with a limit of the shell; gives what it printed. */
async function runLimited(limit: string, name: string, args: readonly string[]) {
  const file = fileURLToPath(new URL(`./children/${name}`, import.meta.url));
  const command = `ulimit ${limit} && exec "$0" "$@"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, file, ...args], {
    timeout: 110_000,
  });
  return JSON.parse(stdout);
}

const FALLBACK = 'The JavaScript kernel is used: WebAssembly gets no address space (ulimit -v)';

describe.skipIf(!hasUlimit)('without address space for WebAssembly (skipped without bash)', () => {
  test('the JavaScript kernel does the work on threads, which is told once', async () => {
    const told = await runLimited('-v 8000000', 'limited.mjs', ['auto', '5', '500', '20000']);
    expect(told).toMatchObject({
      inPlace: true,
      calls: [true, true, true],
      search: [1999, 1998, 1997],
      backend: { kernel: 'javascript', threads: 2, shared: true },
    });
    expect(told.warnings).toEqual([FALLBACK]);
    // What does not fit all the same names the limit.
    const message = expect.stringContaining('ulimit -v');
    expect(told.tooLarge).toMatchObject({ code: 'InsufficientMemory', message });
  });

  test.each(['simd', 'scalar'])('the %s kernel asked for by name is refused for what it lacks', async (kernel) => {
    const { inPlace, calls, warnings } = await runLimited('-v 8000000', 'limited.mjs', [kernel, '5', '500']);
    for (const refused of [inPlace, ...calls]) {
      expect(refused).toMatchObject({ code: 'InsufficientMemory', message: expect.stringContaining('ulimit -v') });
    }
    expect(warnings).toEqual([]);
  });

  test('the JavaScript kernel asked for by name needs none', async () => {
    const told = await runLimited('-v 8000000', 'limited.mjs', ['javascript', '5', '500']);
    expect(told).toMatchObject({ inPlace: true, calls: [true, true], warnings: [] });
  });
});

interface Outcome {
  readonly outcomes: readonly unknown[];
  readonly afterwards: unknown;
  readonly again: unknown;
  readonly threads: number;
  readonly left: number;
  readonly unhandled: readonly string[];
}

const REFUSED = { name: 'IndexingError', code: 'ThreadPanic' };

/** Every call meanwhile is refused or right, some are refused; those afterwards are right; and nothing is left. */
function expectPassed({ outcomes, afterwards, again, left, unhandled }: Outcome, right: number): void {
  expect(outcomes).toContainEqual(REFUSED);
  for (const outcome of outcomes) expect([REFUSED, right]).toContainEqual(outcome);
  expect({ afterwards, again, left, unhandled }).toEqual({ afterwards: right, again: right, left: 0, unhandled: [] });
}

describe.skipIf(!hasUlimit)('a passing lack of file descriptors (skipped without bash)', () => {
  test.each([
    ['at the first calls of an indexer', 'index', 10_000],
    ['at the first calls of an index', 'build', 2],
    ['when threads died', 'replacement', 10_000],
  ])('%s', async (_, when, right) => {
    const outcome: Outcome = await runLimited('-n 64', 'passing-lack.mjs', ['descriptors', when]);
    expectPassed(outcome, right);
    if (when !== 'build') expect(outcome.threads).toBe(3);
  });
});

describe.skipIf(!hasUlimit || !isRoot)(
  'a passing lack of threads (skipped unless root may become another user)',
  () => {
    test.each([
      ['at the first calls of an indexer', 'index', 10_000],
      ['at the first calls of an index', 'build', 2],
      ['when threads died', 'replacement', 10_000],
    ])('%s', async (_, when, right) => {
      const outcome: Outcome = await runLimited('-u 16', 'passing-lack.mjs', ['threads', when]);
      expectPassed(outcome, right);
      if (when !== 'build') expect(outcome.threads).toBe(3);
    });
  },
);
