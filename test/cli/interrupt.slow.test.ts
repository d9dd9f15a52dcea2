/**
 * `simdex index` interrupted: status 130 or 143, an output that was there whole, nothing else left.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, truncateSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  hasEnded,
  interruptUntilEnded,
  npyHeader,
  parseNpy,
  type Started,
  start,
  temporaryDirectory,
  until,
} from './support.js';

const DIMS = 64;
const COUNT = 600_000;
const BYTES = 128 + COUNT * DIMS * 4;
const old = 'what was there before';

const directory = temporaryDirectory();
const { at } = directory;
const hasMkfifo = spawnSync('mkfifo', ['--version']).status === 0;

// 154 MB of zeros that take no room on the disk: every row is rejected.
const input = directory.write('zeros.npy', npyHeader(`(${COUNT}, ${DIMS})`));
truncateSync(input, BYTES);
directory.write('out.npy', old);
const names = [...directory.names()];

const flags = ['--on-invalid', 'skip', '--out', at('out.npy'), '--rejected', at('rejected.csv'), '--quiet'];

function temporaries(): string[] {
  return directory.names().filter((name) => name.startsWith('.'));
}

/** Bytes in the temporary file of the rows; 0 where there is none. */
function written(): number {
  const name = temporaries().find((temporary) => temporary.startsWith('.out.npy'));
  try {
    return name === undefined ? 0 : statSync(at(name)).size;
  } catch {
    return 0;
  }
}

/** Until the command, which goes on, has got what it was sent: of signals that wait together, any may come first. */
function delivered({ child }: Started): Promise<void> {
  return until(() => /^ShdPnd:\s*0+$/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8')));
}

function expectUntouched(): void {
  expect(directory.read('out.npy').toString()).toBe(old);
  expect(directory.names()).toEqual(names);
}

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

describe.each(SIGNALS)('%s', (signal, expected) => {
  test.each([
    ['when the outputs are opened', () => temporaries().length > 0],
    ['when the first rows are written', () => written() > 128],
    ['in the middle', () => written() > BYTES / 2],
  ])('%s', async (_, moment) => {
    const started = start(['index', input, ...flags]);
    await until(() => moment() || hasEnded(started), 1);
    started.child.kill(signal);
    const { status, stdout, stderr } = await started.ended;
    expect({ status, stdout, stderr }).toEqual({
      status: expected,
      stdout: '',
      stderr: 'Interrupted; no file was written.\n',
    });
    expectUntouched();
  });

  test('at any moment, the first and the last included, leaves all or nothing', async () => {
    // From before the command watches for signals to when it is finishing, and after.
    for (const delayMs of [0, 20, 60, 100, 140, 200]) {
      const started = start(['index', input, ...flags]);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      started.child.kill(signal);
      const ended = await started.ended;
      if (ended.status !== expected) expect(ended).toMatchObject({ status: null, signal });
      expect(ended.stdout).toBe('');
      expectUntouched();
    }
    const finishing = start(['index', input, ...flags]);
    await until(() => written() === BYTES || hasEnded(finishing), 1);
    finishing.child.kill(signal);
    const { status } = await finishing.ended;
    expect(temporaries()).toEqual([]);
    if (status === 0) {
      expect(parseNpy(directory.read('out.npy')).shape).toBe(`(${COUNT}, ${DIMS})`);
      expect(directory.names()).toEqual([...names, 'rejected.csv'].sort());
      spawnSync('rm', [at('rejected.csv')]);
      directory.write('out.npy', old);
    } else {
      expect(status).toBe(expected);
      expectUntouched();
    }
  });
});

describe.skipIf(!hasMkfifo || process.platform !== 'linux')('while it waits for the reader of a pipe (Linux)', () => {
  if (hasMkfifo) spawnSync('mkfifo', [at('pipe.csv')]);
  names.push('pipe.csv');
  names.sort();
  const waiting = ['--on-invalid', 'skip', '--out', at('out.npy'), '--rejected', at('pipe.csv'), '--quiet'];

  test('a second signal ends it at once, and nothing is left', async () => {
    const started = start(['index', input, ...waiting]);
    await until(() => temporaries().length > 0);
    started.child.kill('SIGINT');
    await delivered(started);
    await interruptUntilEnded(started, () => started.child.kill('SIGTERM'));
    expect(await started.ended).toMatchObject({ status: null, signal: 'SIGTERM', stdout: '' });
    expectUntouched();
  });

  test('one that arrives twice, as npx passes it on, is one, and is enough, only not at once', async () => {
    const started = start(['index', input, ...waiting]);
    await until(() => temporaries().length > 0);
    started.child.kill('SIGINT');
    await delivered(started);
    started.child.kill('SIGTERM');
    expect(await started.ended).toMatchObject({ status: null, signal: 'SIGINT' });
    expectUntouched();
  });
});
