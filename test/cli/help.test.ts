import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { run, runWell } from './support.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

test('--version is that of the package', async () => {
  expect((await runWell(['--version'])).stdout).toBe(`${version}\n`);
});

test.each([[['--help']], [['help']], [['-h']]])('%j goes to standard output', async (args) => {
  const { stdout, stderr } = await runWell(args);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^Usage: simdex /);
  expect(stdout).toMatch(/^ {2}index /m);
});

test('index --help names every flag, and says nothing twice', async () => {
  const { stdout } = await runWell(['index', '--help']);
  const flags = [...stdout.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, flag]) => flag);
  expect(flags).toEqual([
    '--out',
    '--graph',
    '--precision',
    '--magnitudes',
    '--rejected',
    '--report',
    '--order',
    '--on-invalid',
    '--threads',
    '--batch-size',
    '--format',
    '--dims',
    '--column',
    '--header',
    '--rows',
    '--auto-optimize',
    '--what-if',
    '--verify',
    '--json',
    '--quiet',
  ]);
  expect(stdout).not.toContain('[]');
  expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
});

const program = await createProgram(version, { signal: new AbortController().signal, allow: () => undefined });

test('a command by itself is the one of the whole program', async () => {
  for (const command of program.commands.filter((each) => each.name() !== 'completions')) {
    const alone = await createProgram(
      version,
      { signal: new AbortController().signal, allow: () => undefined },
      command.name(),
    );
    expect(alone.commands.map((each) => each.name())).toEqual([command.name()]);
    expect(alone.commands[0]!.helpInformation()).toBe(command.helpInformation());
  }
});

describe.each(program.commands.map((command) => [command.name(), command] as const))('%s --help', (name, command) => {
  test('fits 80 columns, and has examples of that command with options that there are', async () => {
    const { stdout } = await runWell([name, '--help']);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).not.toContain('[]');
    const examples = [...stdout.slice(stdout.indexOf('\nExamples:\n')).matchAll(/simdex .*/g)].map(([line]) => line);
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const example of examples) {
      expect(example.split(' ')[1]).toBe(name);
      const known = command.options.flatMap(({ short, long }) => [short, long]);
      for (const [, option] of example.matchAll(/ (--?[a-z][\w-]*)/g)) expect(known).toContain(option);
    }
  });
});

describe('wrong usage has status 2, and says so on standard error', () => {
  test.each([
    [[], /^Usage: simdex /],
    [['index'], /^error: missing required argument 'file'/],
    [['indx', 'a.npy'], /^error: unknown command 'indx'/],
    [['index', 'a.npy', '--ouput', 'b.npy'], /^error: unknown option '--ouput'/],
    [['--json'], /^error: unknown option '--json'/],
    [['index', 'a.npy', '--out'], /^error: option '--out <file>' argument missing/],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });
});
