import { execFileSync, spawn } from 'node:child_process';
import { chmod, lstat, mkdir, open, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAtomicFile } from '../../src/formats/node/atomic-file.js';
import { expectClosed, expectRefusal, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const isRoot = process.getuid?.() === 0;
const noModes = process.platform === 'win32';

/** A folder of its own, so that every name in it is the test's. */
async function folder(name: string): Promise<string> {
  await mkdir(directory.at(name));
  return directory.at(name);
}

async function namesIn(path: string): Promise<string[]> {
  return (await readdir(path)).sort();
}

test('nothing is there under the name until finish, then all of it', async () => {
  const place = await folder('appears');
  const path = join(place, 'report.csv');
  const file = await createAtomicFile(path);
  await file.append('metric,välue\n');
  await file.append(Uint8Array.of(65, 66, 10));
  await file.overwrite(Uint8Array.of(77), 0);
  const [temporary, ...others] = await namesIn(place);
  expect(others).toEqual([]);
  expect(temporary).toMatch(new RegExp(`^\\.report\\.csv\\.[0-9a-f]{8}-${process.pid}-[0-9a-f]{12}\\.tmp$`));
  await file.finish();
  expect(await namesIn(place)).toEqual(['report.csv']);
  expect(await readFile(path, 'utf8')).toBe('Metric,välue\nAB\n');
  await expectClosed(place);
  await file.abort();
  expect(await namesIn(place)).toEqual(['report.csv']);
  await expectRefusal(() => file.append('more'), /cannot write .*report\.csv: it was finished before/, 'Disposed');
  await expectRefusal(() => file.finish(), /it was finished before/, 'Disposed');
});

test('abort removes the temporary file and leaves the old one', async () => {
  const place = await folder('aborted');
  const path = join(place, 'x');
  await writeFile(path, 'old');
  const file = await createAtomicFile(path);
  await file.append('new');
  await Promise.all([file.abort(), file.abort()]);
  expect(await namesIn(place)).toEqual(['x']);
  expect(await readFile(path, 'utf8')).toBe('old');
  await expectRefusal(() => file.append('more'), /it was aborted before/, 'Disposed');
  await expectRefusal(() => file.finish(), /it was aborted before/, 'Disposed');
  await expectClosed(place);
});

test('abort while a write or the finish is under way leaves no temporary file', async () => {
  const place = await folder('race');
  for (let round = 0; round < 200; round++) {
    const file = await createAtomicFile(join(place, 'x'));
    const work = round % 2 === 0 ? file.append(new Uint8Array(2 ** 20)) : file.finish();
    const settled = Promise.allSettled([work, file.abort()]);
    const [, aborted] = await settled;
    expect(aborted.status).toBe('fulfilled');
    await file.abort();
    expect((await namesIn(place)).filter((name) => name !== 'x')).toEqual([]);
  }
});

test('a new file has the mode that the umask allows, a replaced one keeps its own', async ({ skip }) => {
  if (noModes) return skip('Windows has no such modes');
  const place = await folder('modes');
  const path = join(place, 'x');
  const script = `
    const { openSync, fstatSync } = require('node:fs');
    process.stdout.write(String(fstatSync(openSync(${JSON.stringify(join(place, 'plain'))}, 'w')).mode));`;
  const plain = Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
  await (await createAtomicFile(path)).finish();
  expect((await stat(path)).mode).toBe(plain);
  await chmod(path, 0o640);
  await (await createAtomicFile(path)).finish();
  expect((await stat(path)).mode & 0o7777).toBe(0o640);
});

test('a link stays, and what it points to is replaced or made', async ({ skip }) => {
  if (noModes) return skip('links need a privilege on Windows');
  const place = await folder('links');
  await mkdir(join(place, 'there'));
  await writeFile(join(place, 'there', 'old'), 'old');
  await symlink('there/old', join(place, 'to-old'));
  await symlink('to-new-2', join(place, 'to-new'));
  await symlink('there/new', join(place, 'to-new-2'));
  for (const name of ['to-old', 'to-new']) {
    const file = await createAtomicFile(join(place, name));
    await file.append(name);
    expect(await namesIn(place)).toEqual(['there', 'to-new', 'to-new-2', 'to-old']);
    await file.finish();
    expect((await lstat(join(place, name))).isSymbolicLink()).toBe(true);
  }
  expect(await readlink(join(place, 'to-old'))).toBe('there/old');
  expect(await readFile(join(place, 'there', 'old'), 'utf8')).toBe('to-old');
  expect(await readFile(join(place, 'there', 'new'), 'utf8')).toBe('to-new');
  expect(await namesIn(join(place, 'there'))).toEqual(['new', 'old']);
  await symlink('round', join(place, 'round'));
  await expectRefusal(() => createAtomicFile(join(place, 'round')), /cannot write .*round: ELOOP/, 'FileAccess');
});

test('a path that cannot be written is refused with the reason and the cause', async () => {
  const place = await folder('refused');
  const missing = await expectRefusal(
    () => createAtomicFile(join(place, 'no', 'x')),
    /cannot write .*x: its directory does not exist; create it/,
    'FileAccess',
  );
  expect(missing.cause).toMatchObject({ code: 'ENOENT' });
  await writeFile(join(place, 'file'), '');
  await expectRefusal(
    () => createAtomicFile(join(place, 'file', 'x')),
    /a part of its path is not a directory/,
    'FileAccess',
  );
  await expectRefusal(() => createAtomicFile(place), /it is a directory; name a file/, 'FileAccess');
  await expectRefusal(() => createAtomicFile('x\0'), /cannot write/, 'FileAccess');
  expect(await namesIn(place)).toEqual(['file']);
});

test('a long name still has a temporary one', async () => {
  const place = await folder('long');
  for (const name of ['x'.repeat(255), 'ü'.repeat(127)]) {
    await (await createAtomicFile(join(place, name))).finish();
    expect(await namesIn(place)).toContain(name);
  }
});

test('a target that became a directory meanwhile leaves no temporary file', async () => {
  const place = await folder('became');
  const file = await createAtomicFile(join(place, 'x'));
  await mkdir(join(place, 'x'));
  await expectRefusal(() => file.finish(), /cannot write .*x: it is a directory/, 'FileAccess');
  expect(await namesIn(place)).toEqual(['x']);
});

test('forbidden directories and protected files are refused', async ({ skip }) => {
  if (isRoot || noModes) return skip('root may write everywhere, and Windows has no such modes');
  const place = await folder('forbidden');
  await writeFile(join(place, 'x'), 'old', { mode: 0o444 });
  await expectRefusal(() => createAtomicFile(join(place, 'x')), /permission denied; allow this user to write it/);
  await chmod(place, 0o555);
  await expectRefusal(() => createAtomicFile(join(place, 'y')), /permission denied/);
  await chmod(place, 0o755);
});

test('a device is written directly and stays a device', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('needs /dev/null and /dev/full');
  const file = await createAtomicFile('/dev/null');
  expect(file.seekable).toBe(false);
  await file.append('nothing');
  await file.finish();
  expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  const full = await createAtomicFile('/dev/full');
  const refusal = await expectRefusal(
    () => full.append('too much'),
    /cannot write \/dev\/full: the disk is full/,
    'FileAccess',
  );
  expect(refusal.cause).toMatchObject({ code: 'ENOSPC' });
  expect((await stat('/dev/full')).isCharacterDevice()).toBe(true);
});

test('a pipe gets all bytes in order', async ({ skip }) => {
  if (noModes) return skip('Windows has no such pipes');
  const place = await folder('pipes');
  const pipe = join(place, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = spawn('cat', [pipe]);
  const received: Buffer[] = [];
  reader.stdout.on('data', (bytes: Buffer) => received.push(bytes));
  const ended = new Promise((resolve) => reader.on('close', resolve));
  const file = await createAtomicFile(pipe);
  const block = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  await file.append(block);
  await file.append('end');
  await file.finish();
  await ended;
  expect(Buffer.concat(received)).toEqual(Buffer.concat([block, Buffer.from('end')]));
  expect(await namesIn(place)).toEqual(['pipe']);
});

test('a descriptor that is open already is appended to, whatever file is behind it', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('needs /proc/self/fd');
  const place = await folder('descriptors');
  const handle = await open(join(place, 'log'), 'a');
  await handle.write('before ');
  for (const path of [`/proc/self/fd/${handle.fd}`, `/dev/fd/${handle.fd}`]) {
    const file = await createAtomicFile(path);
    expect(file.seekable).toBe(false);
    await file.append('written ');
    await file.finish();
  }
  await handle.write('after');
  await handle.close();
  expect(await namesIn(place)).toEqual(['log']);
  expect(await readFile(join(place, 'log'), 'utf8')).toBe('before written written after');
});
