/**
 * What an indexer, an engine or an index leaves does not keep a process, and what is under way does until it is done.
 */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { runChild } from './children/run-child.js';

test.each([
  ['a new indexer', 0],
  ['a ready indexer', 0],
  ['an idle indexer', 250_000],
  ['an aborted run', 0],
  ['a run nobody waits for', 250_000],
  ['waiting runs', 250_000],
  ['a disposed indexer', 250_000],
  ['a ready engine', 0],
  ['an engine that indexers shared', 250_000],
  ['an index', 250_000],
  ['an index whose source never answers', 0],
  ['a stream whose source never answers', 0],
  ['a real-time monitor', 250_000],
])('%s does not keep a process, and a run does until it is done', async (left, indexed) => {
  expect(await runChild('stay.mjs', [left])).toEqual({ indexed });
});

test.each([
  ['on the command line as a module', ['--input-type=module', '-e']],
  ['there, with flags of V8', ['--max-old-space-size=6000', '--expose-gc', '--input-type=module', '-e']],
])('threads start in a program given %s', (_, flags) => {
  const program = `
    import { ParallelIndexer } from ${JSON.stringify(new URL('../../dist/index.node.js', import.meta.url).href)};
    const indexer = new ParallelIndexer(2);
    await indexer.ready();
    await indexer.dispose();
    console.log('started');
  `;
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, program], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toBe('started\n');
});
