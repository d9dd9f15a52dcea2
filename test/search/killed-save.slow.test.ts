/**
 * A process that is killed at any moment of a save.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { filesOfIndexes } from './in-file.js';
import { load, seededRandom } from './support.js';

const { nextFile } = await filesOfIndexes();

test('a process that is killed while it saves leaves a whole index, old or new', async () => {
  const random = seededRandom(3);
  const file = nextFile();
  const child = fileURLToPath(new URL('./children/save-again-and-again.mjs', import.meta.url));
  for (let round = 0; round < 6; round++) {
    const process = spawn(globalThis.process.execPath, [child, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = new Promise((resolve) => process.once('exit', resolve));
    await new Promise((resolve) => process.stdout.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, 25 * random()));
    process.kill('SIGKILL');
    await exited;
    const index = await load(file);
    expect(index.size).toBe(3000);
    const [first] = (await index.search([1, 0, 0], 1)).scores;
    expect([1, 2]).toContain(first);
  }
});
