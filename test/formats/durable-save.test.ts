/**
 * A saved index outlives a loss of power: its bytes are on the disk before its name is, and the name before `save` resolves. The
 * calls of the system tell.
 */
import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
const library = fileURLToPath(new URL('../../dist/index.node.js', import.meta.url));

const PROGRAM = `
  import { VectorIndex } from ${JSON.stringify(library)};
  import { statSync } from 'node:fs';
  const index = await VectorIndex.build([[1, 2], [3, 4]]);
  await index.save(process.argv[1]);
  // Seen among the other calls: save has resolved.
  statSync('/resolved', { throwIfNoEntry: false });
  await index.dispose();
`;

test('save flushes the file, renames it, and flushes the folder', async ({ skip }) => {
  if (!hasStrace) return skip('strace is not there, or may not trace');
  const file = directory.at('index.safetensors');
  const log = directory.at('calls');
  const calls = 'trace=fsync,fdatasync,rename,renameat,renameat2,stat,statx,newfstatat';
  const node = [process.execPath, '--input-type=module', '-e', PROGRAM, file];
  await promisify(execFile)('strace', ['-f', '-y', '-o', log, '-e', calls, ...node]);
  const seen = (await readFile(log, 'utf8')).split('\n').flatMap((line) => {
    if (/ rename\w*\(.*index\.safetensors"/.test(line)) return ['rename'];
    if (line.includes('/resolved')) return ['resolved'];
    const flushed = /sync\(\d+<(.*?)>/.exec(line)?.[1];
    if (flushed === undefined) return [];
    return [flushed === dirname(file) ? 'flush folder' : /\.tmp$/.test(flushed) ? 'flush file' : flushed];
  });
  expect(seen).toEqual(['flush file', 'rename', 'flush folder', 'resolved']);
});
