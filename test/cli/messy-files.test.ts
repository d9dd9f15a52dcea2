/**
 * What people give the command in practice: files without the same ids, many of them, standard input, columns by name, outputs that are
 * links.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { csvCell } from '../../src/cli/csv-cell.js';
import { h5File } from '../formats/samples.js';
import {
  CLI,
  npyBytes,
  parseNpy,
  plainEnvironment,
  randomRows,
  runRefused,
  runWell,
  start,
  temporaryDirectory,
} from './support.js';

const directory = temporaryDirectory();
const { at } = directory;
const [FAILED, USAGE] = [1, 2];
const index = (...args: string[]) => ['index', ...args, '--threads', '1', '--quiet'];

const refused = runRefused;

describe('ids', () => {
  const a = directory.write('a.jsonl', '{"id":"a","vector":[1,0]}\n{"id":"b","vector":[0,1]}\n');
  const again = directory.write('again.jsonl', '{"id":"c","vector":[1,0]}\n{"id":"a","vector":[0,1]}\n');
  const none = directory.write('none.jsonl', '[1,2]\n');
  const some = directory.write('some.jsonl', '{"id":1,"vector":[1,0]}\n[0,1]\n');
  const zero = directory.write('zero.jsonl', '{"id":0,"vector":[1,0]}\n{"id":1,"vector":[0,1]}\n');
  const zeroAgain = directory.write('zero-again.jsonl', '{"id":0,"vector":[1,0]}\n');

  test.each([
    [
      'an id twice, in two files',
      [a, again],
      'x.safetensors',
      /row 0 of .*\/a\.jsonl and row 1 of .*again\.jsonl have the same id, "a"/,
    ],
    [
      'files that each count from 0',
      [zero, zeroAgain],
      'x.safetensors',
      /row 0 of .*zero\.jsonl and row 0 of .*zero-again\.jsonl have the same id, 0/,
    ],
    [
      'rows with ids and without, in one file',
      [some],
      'y.jsonl',
      /row 0 of .*some\.jsonl has an id and row 1 of .*some\.jsonl has none/,
    ],
    [
      'such rows in two files',
      [none, a],
      'y.jsonl',
      /row 0 of .*a\.jsonl has an id and row 0 of .*none\.jsonl has none/,
    ],
    [
      'such rows for an index',
      [a, none],
      'x.safetensors',
      /row 0 of .*a\.jsonl has an id and row 0 of .*none\.jsonl has none/,
    ],
  ])('%s: nothing is written', async (_, files, out, message) => {
    await refused(index(...files, '--out', at(out)), FAILED, message);
    expect(existsSync(at(out))).toBe(false);
    expect(directory.names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('do no harm where the output holds none, or may hold one twice', async () => {
    await runWell(index(some, '--out', at('some.npy')));
    await runWell(index(a, again, '--out', at('twice.jsonl')));
    expect(directory.read('twice.jsonl').toString()).toMatch(/"id":"a"[\s\S]*"id":"a"/);
  });
});

test('rejected rows keep their places, whatever is wrong with them', async () => {
  const file = directory.write(
    'bad.jsonl',
    '{"id":"x","vector":null}\n{"id":"y","vector":[3,4]}\n{"id":"z","vector":[NaN,1]}\n',
  );
  await runWell(index(file, '--on-invalid', 'skip', '--out', at('bad.npy'), '--rejected', at('bad.csv')));
  expect(parseNpy(directory.read('bad.npy'))).toMatchObject({ shape: '(3, 2)' });
  expect(directory.read('bad.csv').toString()).toBe('index,id,code\n0,x,EmptyVector\n2,z,NonFinite\n');
  await refused(index(file, '--out', at('worse.npy')), FAILED, /row 0 of .*bad\.jsonl/);
});

test('an empty .jsonl becomes an empty .jsonl', async () => {
  await runWell(index(directory.write('empty.jsonl', ''), '--out', at('still-empty.jsonl')));
  expect(directory.read('still-empty.jsonl').length).toBe(0);
});

test('--column and --header reach the readers, and are refused where a format has none', async () => {
  const two = directory.write('two.csv', '0,1\n3,4\n');
  await runWell(index(two, '--header', 'no', '--out', at('no.npy')));
  expect(parseNpy(directory.read('no.npy')).shape).toBe('(2, 2)');
  await runWell(index(two, '--out', at('yes.npy')));
  expect(parseNpy(directory.read('yes.npy')).shape).toBe('(1, 2)');
  const keyed = directory.write('keyed.jsonl', '{"vector":[1],"other":[3,4]}\n');
  await runWell(index(keyed, '--column', 'other', '--out', at('other.npy')));
  expect(parseNpy(directory.read('other.npy')).shape).toBe('(1, 2)');
  const array = directory.write('plain.npy', npyBytes([[1, 2]]));
  await refused(index(array, '--column', 'x'), USAGE, /--column x: \.npy \(.*plain\.npy\) has none/);
  await refused(index(array, '--header', 'yes'), USAGE, /--header: \.npy \(.*plain\.npy\) has none/);
  await refused(index(two, '--header', 'maybe'), USAGE, /Expected yes or no/);
});

test('.hdf5 is .h5, for index and for info', async () => {
  const file = directory.write('x.hdf5', await h5File());
  await runWell(index(file, '--out', at('from-hdf5.npy')));
  expect(parseNpy(directory.read('from-hdf5.npy')).shape).toBe('(3, 4)');
  expect((await runWell(['info', file])).stdout).toMatch(/format\s+h5/);
});

describe('standard input', () => {
  test.each(['-', '/dev/stdin'])('%s', async (name) => {
    const rows = randomRows(50, 4, 3);
    const { child, ended } = start(index(name, '--format', 'npy', '--out', at('piped.npy')));
    child.stdin!.end(npyBytes(rows));
    expect((await ended).status).toBe(0);
    await runWell(index(directory.write('same.npy', npyBytes(rows)), '--out', at('filed.npy')));
    expect(directory.read('piped.npy').equals(directory.read('filed.npy'))).toBe(true);
  });

  test('needs a format, is read once, and not for --verify', async () => {
    await refused(index('-'), USAGE, /-: its name does not say a format; give it with --format/);
    await refused(index('-', '-', '--format', 'npy'), USAGE, /standard input \(-\) can be read once/);
    await refused(index('-', '--format', 'npy', '--verify'), USAGE, /--verify reads the files again/);
  });
});

test.skipIf(process.platform === 'win32')('more files than may be open', async () => {
  const names = Array.from({ length: 80 }, (_, i) => directory.write(`many-${i}.npy`, npyBytes([[i + 1, 0]])));
  for (const out of ['many.npy', 'many.jsonl']) {
    const command = `ulimit -n 64; exec "${process.execPath}" "${CLI}" ${index(...names, '--out', at(out)).join(' ')}`;
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: plainEnvironment() });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  }
  expect(parseNpy(directory.read('many.npy')).shape).toBe('(80, 2)');
});

test.skipIf(process.platform === 'win32')(
  'two outputs of which one is a link to the other are refused, though neither is there',
  async () => {
    const file = directory.write('linked-in.npy', npyBytes([[3, 4]]));
    symlinkSync(at('target.npy'), at('link.npy'));
    symlinkSync('link.npy', at('link-to-link.npy'));
    for (const link of ['link.npy', 'link-to-link.npy'])
      await refused(
        index(file, '--out', at('target.npy'), '--magnitudes', at(link)),
        USAGE,
        /is given for two outputs/,
      );
    expect(existsSync(at('target.npy'))).toBe(false);
  },
);

test('a file is replaced under the permission model of Node, and keeps its mode', async ({ skip }) => {
  if (Number(process.versions.node.split('.')[0]) < 20 || process.platform === 'win32') return skip('no such model');
  const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
  const program = `
    import { writeVectors } from ${JSON.stringify(new URL('../../dist/index.node.js', import.meta.url).href)};
    await writeVectors(${JSON.stringify(at('kept.npy'))}, [{ data: Float32Array.of(1, 2), dims: 2 }]);`;
  directory.write('kept.npy', 'old');
  const { chmodSync, statSync } = await import('node:fs');
  chmodSync(at('kept.npy'), 0o640);
  const args = [flag, '--no-warnings', '--allow-fs-read=*', '--allow-fs-write=*', '--input-type=module', '-e', program];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(parseNpy(readFileSync(at('kept.npy'))).shape).toBe('(1, 2)');
  expect(statSync(at('kept.npy')).mode & 0o777).toBe(0o640);
});

test.each([
  ['=1+1', "'=1+1"],
  ['@x', "'@x"],
  ['\n=1', '"\'\n\'=1"'],
  ['\tx', '"\'\tx"'],
  [' =1', " '=1"],
  ['a;=1', `"a;'=1"`],
  ['a,+1', `"a,'+1"`],
  ['a\t-1', `"a\t'-1"`],
  ['a\n@b', `"a\n'@b"`],
  ['a|=1', `"a|'=1"`],
  ['\uff1d1', "'\uff1d1"],
  ['plain-text', 'plain-text'],
  ['a "b"', '"a ""b"""'],
  [-5, '-5'],
])('the cell %j is written so that no spreadsheet runs it', (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});
