/**
 * Files that are wrong on purpose: each is refused in words that say what is wrong, soon and in little memory. They are read in a child
 * process, which is killed where one of them holds it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { temporaryDirectory } from '../support.js';
import { hostile } from './make.mjs';

const directory = temporaryDirectory();
/** For a machine that is busy with other tests; alone, each takes far less than a second. */
const DEADLINE_MS = 20_000;
const MOST_BYTES = 100 * 2 ** 20;

let child: ChildProcess | undefined;
let answers: AsyncIterator<string> | undefined;

function start(): ChildProcess {
  const program = fileURLToPath(new URL('./read-one.mjs', import.meta.url));
  const library = new URL('../../../dist/index.node.js', import.meta.url).href;
  child = spawn(process.execPath, ['--expose-gc', '--max-old-space-size=512', program, library], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return child;
}

afterAll(() => child?.kill('SIGKILL'));

test.each(Object.keys(hostile))('%s', { timeout: 60_000 }, async (name) => {
  const [bytes, words] = hostile[name]!;
  await writeFile(directory.at(name), bytes);
  const reader = child ?? start();
  reader.stdin!.write(`${directory.at(name)}\n`);
  const answer = await Promise.race([answers!.next(), sleep(DEADLINE_MS, undefined, { ref: false })]);
  if (!answer || answer.done) {
    reader.kill('SIGKILL');
    child = undefined;
    expect.fail(answer ? 'it ended the process' : `it was not refused within ${DEADLINE_MS} ms`);
  }
  const told = JSON.parse(answer.value) as { code: string; message: string; bytes: number };
  expect(told).toMatchObject({ code: 'MalformedFile', message: expect.stringMatching(words) });
  expect(told.message).toContain(name);
  expect(told.message.length).toBeLessThan(1000);
  expect(told.bytes).toBeLessThan(MOST_BYTES);
});
