/**
 * What `simdex index` writes: row i of every output is row i of the input, and every flag does what it says.
 */
import { describe, expect, test } from 'vitest';
import {
  expectClose,
  fvecsBytes,
  npyBytes,
  npyHeader,
  parseFvecs,
  parseNpy,
  randomRows,
  reference,
  rowsOf,
  run,
  runWell,
  temporaryDirectory,
} from './support.js';

const DIMS = 37;
/** Over one chunk of 8 MiB, so that positions go on from chunk to chunk. */
const MANY = 60_000;

const directory = temporaryDirectory();
const rows = randomRows(500, DIMS, 1);
const input = directory.write('rows.npy', npyBytes(rows));
directory.write('rows.fvecs', fvecsBytes(rows));

/** 500 rows of which some are rejected, and what becomes of each. */
const spoilt = rows.map((row, i) => {
  if (i % 50 === 7) return row.map(() => 0);
  if (i % 50 === 9) return row.with(3, i % 100 === 9 ? Number.NaN : Number.NEGATIVE_INFINITY);
  return row;
});
const spoiltInput = directory.write('spoilt.npy', npyBytes(spoilt));

function expectRows(found: readonly number[][], given: readonly number[][], order?: 'original' | 'sorted'): void {
  expect(found.length).toBe(given.length);
  found.forEach((row, i) => {
    expectClose(row, reference(given[i]!, order).row);
  });
}

function rejectedLines(given: readonly number[][]): string {
  const lines = given.flatMap((row, i) => {
    const { code } = reference(row);
    return code ? [`${i},${i},${code}\n`] : [];
  });
  return `index,id,code\n${lines.join('')}`;
}

describe.each(['rows.npy', 'rows.fvecs'])('from %s', (name) => {
  test.each(['original', 'sorted'] as const)('unit rows in %s order as .npy', async (order) => {
    await runWell(['index', directory.at(name), '--order', order, '--out', directory.at('a.npy')]);
    const { shape, values } = parseNpy(directory.read('a.npy'));
    expect(shape).toBe(`(500, ${DIMS})`);
    expectRows(rowsOf(values, DIMS), rows, order);
  });

  test('unit rows as .fvecs, in the order of the file', async () => {
    await runWell(['index', directory.at(name), '--out', directory.at('a.fvecs')]);
    expectRows(parseFvecs(directory.read('a.fvecs'), DIMS), rows, 'original');
  });
});

test('magnitudes', async () => {
  await runWell(['index', input, '--magnitudes', directory.at('m.npy')]);
  const { shape, values } = parseNpy(directory.read('m.npy'));
  expect(shape).toBe('(500,)');
  expectClose(
    values,
    rows.map((row) => reference(row).magnitude),
  );
});

test('rejected rows are zeros, NaN and listed', async () => {
  const [out, magnitudes, rejected] = ['s.npy', 'sm.npy', 's.csv'].map(directory.at) as [string, string, string];
  const flags = ['--out', out, '--magnitudes', magnitudes, '--rejected', rejected, '--on-invalid', 'skip'];
  await runWell(['index', spoiltInput, ...flags]);
  const { values } = parseNpy(directory.read('s.npy'));
  expectRows(rowsOf(values, DIMS), spoilt);
  expectClose(
    parseNpy(directory.read('sm.npy')).values,
    spoilt.map((row) => reference(row).magnitude),
  );
  expect(directory.read('s.csv').toString()).toBe(rejectedLines(spoilt));
});

test('--on-invalid throw, and no --on-invalid, name the first row that cannot be indexed', async () => {
  for (const flags of [['--on-invalid', 'throw'], []]) {
    const before = directory.names();
    const ended = await run(['index', input, spoiltInput, ...flags, '--out', directory.at('never.npy')]);
    expect(ended.status).toBe(1);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toBe(
      `error: Vector has zero magnitude: row 7 of ${spoiltInput}; --on-invalid skip leaves such rows out\n`,
    );
    expect(directory.names()).toEqual(before);
  }
});

test('several files of several formats are one sequence of rows', async () => {
  const files = [spoiltInput, directory.at('rows.fvecs'), spoiltInput];
  const all = [...spoilt, ...rows, ...spoilt];
  const flags = ['--out', directory.at('all.fvecs'), '--rejected', directory.at('all.csv'), '--on-invalid', 'skip'];
  await runWell(['index', ...files, ...flags]);
  expectRows(parseFvecs(directory.read('all.fvecs'), DIMS), all);
  expect(directory.read('all.csv').toString()).toBe(rejectedLines(all));
});

test('rows of many chunks keep their place', async () => {
  const many = randomRows(MANY, DIMS, 2);
  for (const row of [0, 1, 28_000, 57_000, MANY - 1]) many[row] = new Array(DIMS).fill(0);
  const file = directory.write('many.npy', npyBytes(many));
  const [out, magnitudes, rejected] = ['big.npy', 'bigm.npy', 'big.csv'].map(directory.at) as [string, string, string];
  const outputs = ['--out', out, '--magnitudes', magnitudes, '--rejected', rejected];
  await runWell(['index', file, ...outputs, '--on-invalid', 'skip', '--threads', '3']);
  const expected = many.map((row) => reference(row));
  expectClose(
    parseNpy(directory.read('bigm.npy')).values,
    expected.map(({ magnitude }) => magnitude),
  );
  expectClose(
    parseNpy(directory.read('big.npy')).values,
    expected.flatMap(({ row }) => row),
  );
  expect(directory.read('big.csv').toString()).toBe(rejectedLines(many));
});

test('the same bits whatever the threads, the batch size and the formats', async () => {
  const outputs = await Promise.all(
    [
      [input],
      [input, '--threads', '1'],
      [input, '--threads', '5', '--batch-size', '3'],
      [directory.at('rows.fvecs'), '--batch-size', '1'],
    ].map(async (args, i) => {
      await runWell(['index', ...args, '--out', directory.at(`same${i}.npy`)]);
      return directory.read(`same${i}.npy`).toString('base64');
    }),
  );
  expect(new Set(outputs).size).toBe(1);
});

test('--format reads a file whose extension says nothing, or something else', async () => {
  for (const name of ['vectors.dat', 'vectors', 'vectors.npy']) {
    directory.write(name, fvecsBytes(rows));
    await runWell(['index', directory.at(name), '--format', 'fvecs', '--out', directory.at('f.npy')]);
    expectRows(rowsOf(parseNpy(directory.read('f.npy')).values, DIMS), rows);
  }
});

test('--dims cuts a one-dimensional .npy into rows', async () => {
  const file = directory.write('flat.npy', npyBytes(rows, `(${500 * DIMS},)`));
  await runWell(['index', file, '--dims', String(DIMS), '--out', directory.at('d.npy')]);
  const { shape, values } = parseNpy(directory.read('d.npy'));
  expect(shape).toBe(`(500, ${DIMS})`);
  expectRows(rowsOf(values, DIMS), rows);
  await runWell(['index', file, '--out', directory.at('one.npy')]);
  expect(parseNpy(directory.read('one.npy')).shape).toBe(`(1, ${500 * DIMS})`);
});

test('files of different dims go through where no file of rows is written', async () => {
  const other = directory.write(
    'other.fvecs',
    fvecsBytes([
      [3, 4],
      [0, 0],
    ]),
  );
  const flags = ['--magnitudes', directory.at('r.npy'), '--on-invalid', 'skip', '--json'];
  const { stdout } = await runWell(['index', other, input, ...flags]);
  expectClose(parseNpy(directory.read('r.npy')).values, [
    5,
    Number.NaN,
    ...rows.map((row) => reference(row).magnitude),
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ dims: null, vectors: 502, indexed: 501, rejected: 1 });
});

test('no rows give outputs without rows', async () => {
  const file = directory.write('none.npy', npyHeader('(0, 4)'));
  const [out, magnitudes, rejected, report] = ['e.npy', 'em.npy', 'e.csv', 'er.json'].map(directory.at);
  const outputs = ['--out', out!, '--magnitudes', magnitudes!, '--rejected', rejected!, '--report', report!];
  const { stdout, stderr } = await runWell(['index', file, ...outputs]);
  expect(stdout).toMatch(/^Indexed 0 vectors of 4 components/);
  expect(stderr).toBe('');
  expect(parseNpy(directory.read('e.npy')).shape).toBe('(0, 4)');
  expect(parseNpy(directory.read('em.npy')).shape).toBe('(0,)');
  expect(directory.read('e.csv').toString()).toBe('index,id,code\n');
  expect(JSON.parse(directory.read('er.json').toString())).toMatchObject({ totalVectors: 0 });
});

test('an output that was there is replaced, whatever it was', async () => {
  directory.write('old.npy', 'something else entirely');
  await runWell(['index', input, '--out', directory.at('old.npy')]);
  expect(parseNpy(directory.read('old.npy')).shape).toBe(`(500, ${DIMS})`);
});

test('names may have any characters, and begin with a dash', async () => {
  const cwd = directory.path;
  for (const name of ['-dash.npy', 'new\nline.npy', 'it\'s "quoted" $HOME `x`.npy', 'ünï 向量 🚀.npy', ' .npy']) {
    directory.write(name, npyBytes(rows));
    const { stdout } = await runWell(['index', '--magnitudes', `-m ${name}`, '--', name], { cwd });
    expect(parseNpy(directory.read(`-m ${name}`)).shape).toBe('(500,)');
    // A line is a line, whatever the name.
    expect(stdout.split('\n').find((line) => line.startsWith('Wrote'))).toContain(name.replace('\n', '\\n'));
    const json = await runWell(['index', '--json', '--', name], { cwd });
    expect(JSON.parse(json.stdout).files).toEqual([name]);
  }
});
