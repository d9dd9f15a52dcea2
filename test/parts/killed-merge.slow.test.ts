/**
 * A merge that is killed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { CLI, npyHeader, runWell, temporaryDirectory, until } from '../cli/support.js';

const directory = temporaryDirectory();
const { at, read, write } = directory;

test('a merge that is killed leaves nothing under its name, and another one works', async () => {
  const rows = Buffer.from(Float32Array.from({ length: 60_000 * 64 }, (_, i) => Math.sin(i)).buffer);
  const file = write('killed-in.npy', Buffer.concat([npyHeader('(60000, 64)'), rows]));
  for (const [i, span] of ['0..30000', '30000..'].entries())
    await runWell(['index', file, '--rows', span, '--out', at(`killed-${i}.npy`), '--quiet']);
  await runWell(['index', file, '--out', at('killed-single.npy'), '--quiet']);
  const merge = ['merge', at('killed-0.npy'), at('killed-1.npy'), '--out', at('killed.npy'), '--quiet'];
  const temporary = () => directory.names().filter((name) => name.startsWith('.killed.npy'));
  const child = spawn(process.execPath, [CLI, ...merge], { stdio: 'ignore' });
  await until(() => temporary().length > 0, 1);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(directory.names()).not.toContain('killed.npy');
  expect(temporary()).toHaveLength(1);
  await runWell(merge);
  expect(read('killed.npy').equals(read('killed-single.npy'))).toBe(true);
  expect(temporary()).toEqual([]);
});
