/**
 * How far a run is: a bar on a terminal, lines elsewhere, on standard error only.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, truncateSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  CLI,
  interruptUntilEnded,
  npyHeader,
  plainEnvironment,
  type Started,
  type StartOptions,
  start,
  temporaryDirectory,
  until,
} from './support.js';

const COUNT = 600_000;
const directory = temporaryDirectory();
const { at } = directory;
const input = directory.write('zeros.npy', npyHeader(`(${COUNT}, 64)`));
truncateSync(input, 128 + COUNT * 64 * 4);

const hasMkfifo = spawnSync('mkfifo', ['--version']).status === 0;
/** util-linux; the `script` of other systems has other flags. */
const hasScript = /util-linux/.test(spawnSync('script', ['--version']).stdout?.toString() ?? '');

/** A pipe for --out that keeps a run going until it is read from. */
function slowPipe(name: string) {
  spawnSync('mkfifo', [at(name)]);
  return {
    path: at(name),
    open() {
      const stream = createReadStream(at(name));
      const first = new Promise<void>((resolve) => {
        stream.once('readable', () => resolve());
      });
      return { first, drain: () => stream.resume() };
    },
  };
}

describe.skipIf(!hasMkfifo)('not on a terminal', () => {
  test('a long run tells every few seconds, in plain lines; with --quiet nothing', async () => {
    const [quietPipe, pipe] = [slowPipe('quiet.fvecs'), slowPipe('lines.fvecs')];
    const quiet = start(['index', input, '--on-invalid', 'skip', '--out', quietPipe.path, '--quiet']);
    const quietReader = quietPipe.open();
    await quietReader.first;
    const env = plainEnvironment({ FORCE_COLOR: '1' });
    const started = start(['index', input, '--on-invalid', 'skip', '--out', pipe.path, '--json', '--threads', '2'], {
      env,
    });
    const reader = pipe.open();
    await reader.first;
    await until(() => started.stderr().includes('\n'), 20);
    reader.drain();
    // It began before the other did.
    quietReader.drain();
    expect(await quiet.ended).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const { status, stdout, stderr } = await started.ended;
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ vectors: COUNT, rejected: COUNT, indexed: 0 });
    const line = /^[\d,]+ of 600,000 vectors \(\d+ %\), [\d,]+\/s, (\d+ s left|time left unknown), 2 threads$/;
    for (const text of stderr.trimEnd().split('\n')) expect(text).toMatch(line);
  });
});

describe.skipIf(!hasScript || !hasMkfifo)('on a terminal (skipped without the script of util-linux)', () => {
  const SHOW_CURSOR = '\x1b[?25h';
  const HIDE_CURSOR = '\x1b[?25l';

  /** The command on a terminal of its own; standard output goes to a file, so that what is seen is standard error. */
  function onTerminal(args: string, env: NodeJS.ProcessEnv = {}, columns = 120): Started {
    const command = `stty cols ${columns} rows 30; '${process.execPath}' '${CLI}' index '${input}' --on-invalid skip ${args} > '${at('stdout.txt')}'; echo "status $?"`;
    const options: StartOptions = {
      command: 'script',
      env: plainEnvironment({ TERM: 'xterm-256color', SHELL: '/bin/sh', ...env }),
    };
    return start(['-qec', command, '/dev/null'], options);
  }

  /** Runs to the end; the bar, where there is one, is shown before the first row is written. */
  async function barOf(name: string, args = '', env: NodeJS.ProcessEnv = {}, columns?: number) {
    const pipe = slowPipe(name);
    const started = onTerminal(`--out '${pipe.path}' --threads 2 ${args}`, env, columns);
    const reader = pipe.open();
    await reader.first;
    reader.drain();
    const { stdout } = await started.ended;
    return stdout;
  }

  test('there is a coloured bar with rate, time left and threads, and then it is gone', async () => {
    const seen = await barOf('bar.fvecs');
    expect(seen).toMatch(/█*░+.* \d+ % \| [\d,]+\/600,000 vectors \| [\d,-]+\/s \| \S+ left \| 2 threads/);
    expect(seen).toContain('status 0');
    expect(seen).toContain('\x1b[36m');
    expect(seen.indexOf(HIDE_CURSOR)).toBeGreaterThanOrEqual(0);
    expect(seen.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(seen.lastIndexOf(HIDE_CURSOR));
    // The line is cleared behind the last bar.
    expect(seen.lastIndexOf('\x1b[2K')).toBeGreaterThan(seen.lastIndexOf('threads'));
    const summary = directory.read('stdout.txt').toString();
    expect(summary).toMatch(/^Indexed 0 vectors/);
    expect(summary).not.toContain('\x1b');
  });

  test('all of it fits a terminal of 80 columns, without colours where NO_COLOR is set', async () => {
    const seen = await barOf('narrow.fvecs', '', { NO_COLOR: '1' }, 80);
    expect(seen).not.toContain('\x1b[36m');
    const bars = seen.split('\x1b').flatMap((part) => /[█░]+ \d+ %.*/.exec(part) ?? []);
    expect(bars).not.toEqual([]);
    for (const bar of bars) expect(bar.length).toBeLessThanOrEqual(80);
  });

  test('--quiet shows nothing', async () => {
    const seen = await barOf('hush.fvecs', '--quiet');
    expect(seen.trim()).toBe('status 0');
  });

  test('Ctrl-C brings the cursor back', async () => {
    const pipe = slowPipe('stop.fvecs');
    const started = onTerminal(`--out '${pipe.path}' --magnitudes '${at('m.npy')}'`);
    const reader = pipe.open();
    await reader.first;
    await until(() => started.stdout().includes(HIDE_CURSOR));
    started.child.stdin!.write('\x03');
    reader.drain();
    const { stdout } = await started.ended;
    expect(stdout).toContain('Interrupted; no file was written.');
    expect(stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(stdout.lastIndexOf(HIDE_CURSOR));
    expect(directory.names().filter((name) => name.startsWith('.') || name === 'm.npy')).toEqual([]);
  });

  test('so does a second Ctrl-C while nothing moves', async () => {
    const pipe = slowPipe('stuck.fvecs');
    const started = onTerminal(`--out '${pipe.path}' --magnitudes '${at('m.npy')}'`);
    const reader = pipe.open();
    await reader.first;
    await until(() => started.stdout().includes(HIDE_CURSOR));
    await interruptUntilEnded(started, () => started.child.stdin!.write('\x03'));
    const { stdout } = await started.ended;
    reader.drain();
    expect(stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(stdout.lastIndexOf(HIDE_CURSOR));
    expect(directory.names().filter((name) => name.startsWith('.') || name === 'm.npy')).toEqual([]);
  });
});
