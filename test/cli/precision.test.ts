/**
 * Indexes in less than float32 and with their rows in the file, by the command.
 */
import { readVectors, VectorIndex } from 'simdex';
import { expect, test } from 'vitest';
import { npyBytes, randomRows, runRefused, runWell, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const [COUNT, DIMS] = [700, 70];
const rows = randomRows(COUNT, DIMS, 3);
rows[5] = rows[5]!.map(() => 0);
const input = directory.write('rows.npy', npyBytes(rows));
const args = ['index', input, '--on-invalid', 'skip', '--quiet'];

test.each([
  ['float16', ['--graph']],
  ['float16', []],
  ['int8', []],
] as const)('index --precision %s saves rows as the library does, %j', async (precision, more) => {
  const out = directory.at(`${precision}${more.length}.safetensors`);
  await runWell([...args, '--out', out, '--precision', precision, ...more]);
  const sound = rows.flatMap((row, i) => (i === 5 ? [] : [{ row, id: i }]));
  const index = await VectorIndex.load(out, { threadCount: 1 });
  const expected = await VectorIndex.build(
    sound.map(({ row }) => Float32Array.from(row)),
    { threadCount: 1, precision, ids: sound.map(({ id }) => id) },
  );
  expect(index.size).toBe(COUNT - 1);
  for (const id of [0, 6, 699]) expect(await index.get(id)).toEqual(await expected.get(id));
  let read = 0;
  for await (const { data } of readVectors(out)) {
    const own = [...data.subarray(0, DIMS)];
    if (read === 0) for (const [j, x] of (await expected.get(0))!.vector.entries()) expect(own[j]).toBeCloseTo(x, 6);
    read += data.length / DIMS;
  }
  expect(read).toBe(more.length > 0 ? COUNT - 1 : COUNT);
  await index.dispose();
  await expected.dispose();
  const info = JSON.parse((await runWell(['info', out, '--json'])).stdout);
  expect(info).toMatchObject({ dtype: precision, index: { precision, codes: more.length > 0 } });
});

test('search --rows-in file finds the same, for a query and for a row', async () => {
  for (const precision of ['float32', 'float16', 'int8']) {
    const out = directory.at(`search-${precision}.safetensors`);
    await runWell([...args, '--out', out, '--precision', precision]);
    for (const query of [
      ['--row', '42'],
      ['--query', directory.write('queries.npy', npyBytes(rows.slice(10, 14)))],
    ]) {
      const search = ['search', out, ...query, '-k', '7', '--json'];
      const memory = JSON.parse((await runWell(search)).stdout);
      const file = JSON.parse((await runWell([...search, '--rows-in', 'file'])).stdout);
      expect(file.queries).toEqual(memory.queries);
      expect(file.queries[0].hits[0].id).toBe(query[0] === '--row' ? 42 : 10);
    }
  }
});

test('info tells what an index takes in memory', async () => {
  const out = directory.at('memory.safetensors');
  await runWell([...args, '--out', out]);
  const { index } = JSON.parse((await runWell(['info', out, '--json'])).stdout);
  // Components, codes up to a multiple of 16, and 20 bytes: magnitude, death, scale and error.
  expect(index.memory).toEqual({ rowsInMemory: COUNT * (4 * DIMS + 80 + 20), rowsInFile: COUNT * (80 + 20) });
  expect((await runWell(['info', out])).stdout).toMatch(/memory {6}266,000 bytes, 70,000 with the rows in the file\n/);
});

test('flags that do not fit are refused', async () => {
  const out = ['--out', directory.at('no.safetensors')];
  await runRefused([...args, '--precision', 'float64', ...out], 2, /Allowed choices are float32, float16, int8/);
  await runRefused([...args, '--precision', 'int8'], 2, /--precision int8 needs --out with a name that ends in/);
  await runRefused([...args, '--precision', 'int8', '--order', 'sorted', ...out], 2, /--precision: sorted rows/);
  await runRefused(['search', 'x', '--row', '1', '--rows-in', 'disk'], 2, /Allowed choices are memory, file/);
});
