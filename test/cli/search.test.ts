/**
 * `simdex search`, as a program of its own.
 */
import { VectorIndex, writeVectors } from 'simdex';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectBest, rank } from '../search/reference.js';
import { positions, randomRows } from '../search/support.js';
import { run, start, temporaryDirectory } from './support.js';

const DIMS = 12;
const directory = temporaryDirectory();
const rows = randomRows(300, DIMS);
const queries = randomRows(4, DIMS, 2);
const index = directory.at('index.safetensors');

function matrixOf(list: readonly Float32Array[]) {
  const data = new Float32Array(list.length * DIMS);
  for (const [i, row] of list.entries()) data.set(row, i * DIMS);
  return { data, dims: DIMS };
}

beforeAll(async () => {
  const built = await VectorIndex.build(rows, { metric: 'euclidean', threadCount: 1 });
  await built.save(index);
  await built.dispose();
  await writeVectors(directory.at('queries.npy'), [matrixOf(queries)]);
});

/** Hits as the library gives them. */
function hitsOf({ hits }: { hits: { id: number; score: number }[] }) {
  return { ids: hits.map(({ id }) => id), scores: Float32Array.from(hits, ({ score }) => score), length: hits.length };
}

test('finds the nearest rows for every vector of a file', async () => {
  const { status, stdout, stderr } = await run([
    'search',
    index,
    '--query',
    directory.at('queries.npy'),
    '-k',
    '7',
    '--json',
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const found = JSON.parse(stdout);
  expect(found).toMatchObject({ index, size: 300, dims: DIMS, metric: 'euclidean', k: 7 });
  expect(found.searchTimeMs).toBeGreaterThan(0);
  expect(found.queries.map(({ row }: { row: number }) => row)).toEqual([0, 1, 2, 3]);
  for (const [i, query] of queries.entries()) {
    expectBest(hitsOf(found.queries[i]), rank(rows, positions(300), query, 'euclidean'), 7);
  }
});

test('an index of which some rows were rejected is searched for the others, and none is renumbered', async () => {
  const spoilt = rows.map((row, i) =>
    i % 100 === 7 ? row.map(() => 0) : i % 100 === 9 ? row.with(2, Number.NaN) : row,
  );
  await writeVectors(directory.at('spoilt.npy'), [matrixOf(spoilt)]);
  const out = directory.at('spoilt.safetensors');
  const skip = ['--on-invalid', 'skip', '--quiet'];
  expect(await run(['index', directory.at('spoilt.npy'), '--out', out, ...skip])).toMatchObject({ status: 0 });
  const { status, stdout, stderr } = await run(['search', out, '--row', '42', '-k', '300', '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const found = JSON.parse(stdout);
  expect(found.size).toBe(294);
  const kept = positions(300).filter((i) => i % 100 !== 7 && i % 100 !== 9);
  expectBest(
    hitsOf(found.queries[0]),
    rank(
      kept.map((i) => rows[i]!),
      kept,
      rows[42]!,
      'cosine',
    ),
    294,
  );
  const none = await run(['search', out, '--row', '107']);
  expect(none).toMatchObject({ status: 1, stdout: '' });
  expect(none.stderr).toMatch(/^error: .*row 107 of .*spoilt\.safetensors.*\n$/);
});

test('queries come from standard input, or from what the flags say of a file', async () => {
  const asked = queries.map((query) => [...query]);
  const lines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const found = async (args: string[], input?: string) => {
    const { child, ended } = start(['search', index, '--json', ...args]);
    child.stdin!.end(input);
    const { status, stderr, stdout } = await ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return JSON.parse(stdout).queries;
  };
  const fromFile = await found(['--query', directory.at('queries.npy')]);
  expect(await found(['--query', '-', '--format', 'jsonl'], lines(asked))).toEqual(fromFile);
  const keyed = directory.write('keyed.txt', lines(asked.map((query) => ({ vector: [1], question: query }))));
  const flags = ['--format', 'jsonl', '--column', 'question', '--dims', String(DIMS)];
  expect(await found(['--query', keyed, ...flags])).toEqual(fromFile);
  const plain = directory.write('plain.csv', `${[...Array(DIMS).keys()].join()}\n${asked.join('\n')}\n`);
  expect(await found(['--query', plain])).toEqual(fromFile);
  expect(await found(['--query', plain, '--header', 'no'])).toHaveLength(5);
});

test('finds ten neighbours of a row of the index, itself first', async () => {
  const { status, stdout } = await run(['search', index, '--row', '42', '--json']);
  expect(status).toBe(0);
  const [found] = JSON.parse(stdout).queries;
  expect(found.row).toBe(42);
  expect(found.hits[0]).toEqual({ id: 42, score: 0 });
  expectBest(hitsOf(found), rank(rows, positions(300), rows[42]!, 'euclidean'), 10);
});

test('prints hits for people, with control characters of ids made visible', async () => {
  const named = await VectorIndex.build(
    [
      [1, 0],
      [0, 1],
    ],
    { ids: ['first', 'second\n\u001b[31m'], threadCount: 1 },
  );
  await named.save(directory.at('named.safetensors'));
  await named.dispose();
  const { stdout } = await run(['search', directory.at('named.safetensors'), '--row', '0']);
  expect(stdout.replace(/[\d.]+ ms/, 'N ms')).toBe(
    [
      'Searched 2 rows by cosine, N ms',
      'row 0',
      '    1       1.000000  first',
      '    2       0.000000  second\\n\\x1b[31m',
      '',
    ].join('\n'),
  );
});

describe('refuses', () => {
  test.each([
    ['neither a file nor a row', [], 2, 'give either --query or --row'],
    ['both', ['--row', '1', '--query', 'x.npy'], 2, 'give either --query or --row'],
    ['a row that is not there', ['--row', '300'], 2, '--row 300: the index has 300 rows'],
    ['a row that is no number', ['--row', '-1'], 2, 'Expected an integer from 0 on'],
    ['k of 0', ['--row', '1', '-k', '0'], 2, 'Expected a positive integer'],
    ['queries of a format that is not said', ['--query', 'x.txt'], 2, 'x.txt: its name does not say a format'],
    ['a query file that is not there', ['--query', 'nowhere.npy'], 1, 'cannot read nowhere.npy'],
  ])('%s', async (_, flags, status, message) => {
    const ended = await run(['search', index, ...flags]);
    expect(ended.status).toBe(status);
    expect(ended.stderr).toContain(message);
    expect(ended.stdout).toBe('');
  });

  test('an index that is none', async () => {
    const { status, stderr } = await run(['search', directory.at('queries.npy'), '--row', '1']);
    expect(status).toBe(1);
    expect(stderr).toContain('of another kind');
  });

  test('a query of other dims, and one that is not finite, which it names', async () => {
    await writeVectors(directory.at('wide.npy'), [{ data: new Float32Array(13).fill(1), dims: 13 }]);
    const wide = await run(['search', index, '--query', directory.at('wide.npy')]);
    expect(wide).toMatchObject({ status: 1, stderr: expect.stringContaining('must have 12 components') });
    const broken = matrixOf([queries[0]!, queries[1]!.map(() => Number.NaN)]);
    await writeVectors(directory.at('broken.npy'), [broken]);
    const named = await run(['search', index, '--query', directory.at('broken.npy')]);
    expect(named).toMatchObject({ status: 1, stderr: expect.stringContaining('row 1 of') });
  });
});
