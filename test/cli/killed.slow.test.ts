/**
 * Commands that are killed leave nothing under the name of their output, and the next command with the same output removes what they left.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { CLI, npyBytes, npyHeader, runWell, start, temporaryDirectory, until } from './support.js';

const directory = temporaryDirectory();
const { at } = directory;
const index = (...args: string[]) => ['index', ...args, '--threads', '1', '--quiet'];

describe.skipIf(process.platform === 'win32')('a process that is killed', () => {
  const large = () =>
    directory.write('large.npy', Buffer.concat([npyHeader('(400000, 64)'), Buffer.alloc(400_000 * 64 * 4, 1)]));

  test('by SIGHUP removes its temporary file', async () => {
    const { child, ended } = start(['index', large(), '--out', at('hung.npy'), '--threads', '1']);
    await until(() => directory.names().some((name) => name.startsWith('.hung.npy')));
    child.kill('SIGHUP');
    expect((await ended).status).toBe(129);
    expect(directory.names().filter((name) => name.includes('hung.npy'))).toEqual([]);
  });

  test('by SIGKILL leaves a temporary file that the next one with the same output removes', async () => {
    const file = large();
    const child = spawn(process.execPath, [CLI, 'index', file, '--out', at('shot.npy'), '--threads', '1'], {
      stdio: 'ignore',
    });
    await until(() => directory.names().some((name) => name.startsWith('.shot.npy')));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(directory.names().filter((name) => name.startsWith('.shot.npy'))).toHaveLength(1);
    const foreign = directory.write('.shot.npy.0123abcd-1-0123456789ab.tmp', 'of another machine');
    await runWell(index(directory.write('small.npy', npyBytes([[3, 4]])), '--out', at('shot.npy')));
    expect(directory.names().filter((name) => name.startsWith('.shot.npy'))).toEqual([
      foreign.slice(foreign.lastIndexOf('/') + 1),
    ]);
  });
});

test.each(['rows are written', 'the graph is built'])(
  'what index --graph leaves that is killed while %s is removed by the next one',
  async (when) => {
    const count = 60_000;
    const rows = Buffer.from(Float32Array.from({ length: count * 32 }, () => Math.random() - 0.5).buffer);
    const file = directory.write('rows.npy', Buffer.concat([npyHeader(`(${count}, 32)`), rows]));
    const out = `${when.replaceAll(' ', '-')}.safetensors`;
    const args = ['index', file, '--out', at(out), '--graph', '--threads', '1'];
    const child = spawn(process.execPath, [CLI, ...args], { stdio: 'ignore' });
    const own = () => directory.names().filter((name) => name.includes(out));
    const isBuilding = () => own().some((name) => name.endsWith('.tmp.safetensors'));
    await until(() => (when === 'rows are written' ? own().length > 0 : isBuilding()));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(own()).not.toContain(out);
    expect(own().length).toBeGreaterThan(0);
    const small = directory.write('few.npy', npyBytes([[3, 4]]));
    await runWell(['index', small, '--out', at(out), '--graph']);
    expect(own()).toEqual([out]);
  },
);
