/**
 * Completions, asked for as people do: by typing Tab into a shell on a terminal that has loaded the script.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { completableOf } from '../../src/cli/completable.js';
import { createProgram } from '../../src/cli/program.js';
import { CLI, plainEnvironment, runRefused, temporaryDirectory, until } from './support.js';

const directory = temporaryDirectory();
directory.write('a file.npy', '');
directory.write('other.txt', '');

const program = completableOf(
  await createProgram('0.0.0', { signal: new AbortController().signal, allow: () => undefined }),
);

/** util-linux; the `script` of other systems has other flags. */
const hasScript = /util-linux/.test(spawnSync('script', ['--version']).stdout?.toString() ?? '');

/** A shell with completions. What it gives types a line, and gives the words that the command was then run with. */
async function openShell(shell: 'bash' | 'zsh') {
  const settings = `
    cd '${directory.path}'
    simdex() { printf 'WORD<%s>' "$@"; echo END; }
    ${shell === 'zsh' ? 'autoload -Uz compinit; compinit -u -D' : ''}
    source <('${process.execPath}' '${CLI}' completions ${shell})
    echo END`;
  mkdirSync(directory.at(shell), { recursive: true });
  directory.write(`${shell}/.${shell}rc`, settings);
  const command = shell === 'bash' ? `bash --noprofile --rcfile '${directory.at('bash/.bashrc')}' -i` : 'zsh -i';
  const env = plainEnvironment({ ZDOTDIR: directory.at('zsh'), TERM: 'dumb', INPUTRC: '/dev/null' });
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { env });
  onTestFinished(() => {
    terminal.kill();
  });
  let output = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = () => until(() => output.includes('END'));
  await ended();
  return async (typed: string): Promise<string[]> => {
    output = '';
    terminal.stdin.write(`${typed}\n`);
    await ended();
    return [...output.matchAll(/WORD<([^>]*)>/g)].map(([, word]) => word!);
  };
}

describe.each(['bash', 'zsh'] as const)('in %s', (shell) => {
  const missing = spawnSync(shell, ['--version']).error ? shell : hasScript ? undefined : 'script of util-linux';

  test('commands, options, choices and files are completed', async ({ skip }) => {
    if (missing) skip(`${missing} is missing`);
    const ask = await openShell(shell);
    expect(await ask('simdex ind\t--ord\tor\t')).toEqual(
      shell === 'bash' ? ['index', '--order', 'original'] : ['index', '--order=original'],
    );
    expect(await ask('simdex index --order=s\t --on-invalid sk\ta\t')).toEqual([
      'index',
      '--order=sorted',
      '--on-invalid',
      'skip',
      'a file.npy',
    ]);
    expect(await ask('simdex index --out oth\t--report=oth\t')).toEqual([
      'index',
      '--out',
      'other.txt',
      '--report=other.txt',
    ]);
    expect(await ask('simdex serve --da\toth\t --log-level wa\t')).toEqual(
      shell === 'bash'
        ? ['serve', '--data', 'other.txt', '--log-level', 'warn']
        : ['serve', '--data=other.txt', '--log-level', 'warn'],
    );
    expect(await ask('simdex completions z\t')).toEqual(['completions', 'zsh']);
    expect(await ask('simdex help comp\t')).toEqual(['help', 'completions']);
    // Nothing is made up for a number, nor for an argument too many.
    expect(await ask('simdex index --dims oth\t')).toEqual(['index', '--dims', 'oth']);
    expect(await ask('simdex completions zsh oth\t')).toEqual(['completions', 'zsh', 'oth']);
  });

  test('every option of every command is completed', async ({ skip }) => {
    if (missing) skip(`${missing} is missing`);
    const ask = await openShell(shell);
    for (const { name, options } of program.commands) {
      for (const option of options.flatMap(({ names }) => names).filter((one) => one.startsWith('--'))) {
        const [command, found] = await ask(`simdex ${name} ${option.slice(0, -1)}\t`);
        expect([command, found!.replace(/=$/, '')]).toEqual([name, option]);
      }
    }
  });
});

test('another shell is refused', async () => {
  await runRefused(['completions', 'fish'], 2, /Allowed choices are bash, zsh/);
});
