/**
 * Indexes whose rows stay in their file: the same hits as with rows in memory, through changes, saves and compactions.
 */

import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metric, VectorIndex } from 'simdex';
import { describe, expect, test } from 'vitest';
import { filesOfIndexes, keptRows } from './in-file.js';
import { expectBest, rank } from './reference.js';
import { parseSafetensors } from './safetensors.js';
import { build, load, positions, randomRows, told } from './support.js';

const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean'];
const { folder, nextFile, inFile } = await filesOfIndexes();

async function expectFile(file: string, bytes: Uint8Array): Promise<void> {
  expect(Buffer.compare(await readFile(file), bytes)).toBe(0);
}

/** Without the tensors of codes, as version 0.1 wrote it. */
function withoutCodes(bytes: Uint8Array): Uint8Array {
  const { metadata, tensors } = parseSafetensors(bytes);
  const kept = [...tensors].filter(([name]) => !name.startsWith('code'));
  let end = 0;
  const entries = kept.map(([name, { dtype, shape, byteLength }]) => {
    end += byteLength;
    return [name, { dtype, shape, data_offsets: [end - byteLength, end] }];
  });
  const text = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  const header = new Uint8Array(8 + Math.ceil((text.length + 8) / 64) * 64 - 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  const data = kept.map(([, { byteOffset, byteLength }]) => bytes.subarray(byteOffset, byteOffset + byteLength));
  return Uint8Array.from(Buffer.concat([header, ...data]));
}

describe.each(metrics)('by %s', (metric) => {
  test.each([
    ['float32', 67],
    ['float32', 5],
    ['float16', 67],
  ] as const)('the hits of a brute force over %s rows of %i components', async (precision, dims) => {
    const count = 900;
    const memory = await build(randomRows(count, dims), { metric, precision });
    const index = await inFile(memory);
    const rows = await keptRows(index, positions(count));
    expect(rows).toEqual(await keptRows(memory, positions(count)));
    const queries = randomRows(7, dims, 2);
    const batch = await index.searchBatch(queries, 10);
    for (const [i, query] of queries.entries()) {
      const ranking = rank(rows, positions(count), query, metric);
      expectBest(batch[i]!, ranking, 10);
      expectBest(await index.search(query, 10), ranking, 10);
      expect(batch[i]!.exact).toBe(true);
      expect(batch[i]!.rowsScored).toBeGreaterThanOrEqual(10);
      expect(batch[i]!.rowsScored).toBeLessThan(count / 2);
      expect(told(batch[i]!)).toEqual(told(await memory.search(query, 10)));
    }
    expect(told(await index.search({ id: 5 }, 3))).toEqual(told(await memory.search({ id: 5 }, 3)));
  });

  test.each(['scalar', 'javascript'] as const)('with the %s kernel', async (kernel) => {
    const rows = randomRows(400, 67);
    const file = nextFile();
    await (await build(rows, { metric, kernel })).save(file);
    const index = await load(file, { rows: 'file', kernel });
    for (const query of randomRows(3, 67, 2)) {
      expectBest(await index.search(query, 8), rank(rows, positions(400), query, metric), 8);
    }
  });

  test('more hits than are looked for by lists: all rows, in order', async () => {
    const rows = randomRows(3000, 64);
    const memory = await build(rows, { metric });
    const index = await inFile(memory);
    const [query] = randomRows(1, 64, 2);
    for (const k of [1500, 3000, 5000]) {
      expect(told(await index.search(query!, k))).toEqual(told(await memory.search(query!, k)));
    }
  });

  test('filters, thresholds, offsets', async () => {
    const memory = await build<number>(randomRows(2000, 64), { metric });
    const index = await inFile(memory);
    const [query] = randomRows(1, 64, 2);
    const all = await memory.search(query!, 30);
    for (const options of [
      { filter: (id: number) => id % 7 === 0 },
      { offset: 5 },
      { threshold: all.scores[12]! },
      { filter: (id: number) => id < 3 },
    ]) {
      expect(told(await index.search(query!, 20, options))).toEqual(told(await memory.search(query!, 20, options)));
    }
  });
});

test('rows that come and go are kept in memory and saved, and clearing away leaves the hits', async () => {
  const dims = 64;
  const memory = await build<number>(randomRows(4000, dims), { metric: 'dot' }, 2 ** 23);
  const index = await inFile(memory, 2 ** 23);
  const queries = randomRows(4, dims, 9);
  const expectSame = async () => {
    expect([...index.ids()]).toEqual([...memory.ids()]);
    const expected = await memory.searchBatch(queries, 15);
    expect((await index.searchBatch(queries, 15)).map(told)).toEqual(expected.map(told));
  };
  const both = async (change: (index: VectorIndex<number>) => Promise<unknown>) => {
    await change(memory);
    await change(index);
    await expectSame();
  };
  await both((each) => each.add(randomRows(700, dims, 3)));
  await both((each) => each.upsert(randomRows(600, dims, 4), { ids: positions(600).map((i) => 3 * i) }));
  await both((each) => each.remove(positions(3500).filter((i) => i % 9 > 0)));
  await both((each) => each.add(randomRows(3, dims, 5)));
  // Dead rows are cleared away meanwhile.
  for (let i = 0; i < 20; i++) await expectSame();
  const file = nextFile();
  await index.save(file);
  await expectFile(file, memory.toBytes());
  const again = await load<number>(file, { rows: 'file' });
  expect([...again.ids()]).toEqual([...memory.ids()]);
});

test('saved in the place of its own file it reads from the new one, and searches under way from the old one', async () => {
  const dims = 64;
  const memory = await build<number>(randomRows(3000, dims));
  const file = nextFile();
  await memory.save(file);
  const index = await load<number>(file, { rows: 'file' });
  const [query] = randomRows(1, dims, 2);
  for (let round = 0; round < 4; round++) {
    for (const each of [memory, index]) {
      await each.remove(positions(20).map((i) => 40 * i + round));
      await each.add(randomRows(10, dims, 10 + round));
    }
    const expected = told(await memory.search(query!, 25));
    const [, ...hits] = await Promise.all([index.save(file), ...positions(5).map(() => index.search(query!, 25))]);
    for (const each of hits) expect(told(each)).toEqual(expected);
    expect(told(await index.search(query!, 25))).toEqual(expected);
    await expectFile(file, memory.toBytes());
  }
});

test('a file that another takes the name of goes on being read', async () => {
  const memory = await build(randomRows(500, 64));
  const file = nextFile();
  await memory.save(file);
  const index = await load(file, { rows: 'file' });
  const other = nextFile();
  await writeFile(other, 'something else');
  await rename(other, file);
  const [query] = randomRows(1, 64, 2);
  expect(told(await index.search(query!, 9))).toEqual(told(await memory.search(query!, 9)));
  await rm(file);
  expect(told(await index.search(query!, 9))).toEqual(told(await memory.search(query!, 9)));
  expect((await index.get(7))!.vector).toEqual((await memory.get(7))!.vector);
});

test.each(['float32', 'float16'] as const)('a file without codes is read once, %s', async (precision) => {
  const memory = await build(randomRows(700, 70), { precision });
  const file = nextFile();
  await writeFile(file, withoutCodes(memory.toBytes()));
  const index = await load(file, { rows: 'file' });
  const [query] = randomRows(1, 70, 2);
  expect(told(await index.search(query!, 9))).toEqual(told(await memory.search(query!, 9)));
  expect(told(await (await load(file)).search(query!, 9))).toEqual(told(await memory.search(query!, 9)));
});

test('a Blob, and bytes', async () => {
  const memory = await build(randomRows(700, 64));
  const bytes = memory.toBytes();
  for (const file of [new Blob([bytes]), bytes]) {
    const index = await load(file, { rows: 'file' });
    const [query] = randomRows(1, 64, 2);
    expect(told(await index.search(query!, 9))).toEqual(told(await memory.search(query!, 9)));
  }
});

test('toBytes names save, and int8 rows are in memory either way', async () => {
  const index = await inFile(await build(randomRows(50, 64)));
  expect(() => index.toBytes()).toThrow(/toBytes takes those in memory; use save/);
  const int8 = await build(randomRows(50, 64), { precision: 'int8' });
  expect(Buffer.compare((await inFile(int8)).toBytes(), int8.toBytes())).toBe(0);
});

test('memory: less than a third of that with rows in memory', async () => {
  const memory = await build(randomRows(40_000, 192));
  const index = await inFile(memory);
  await index.search(randomRows(1, 192, 2)[0]!, 10);
  const kept = ({ rows, codes, ids }: VectorIndex['memory']) => rows + codes + ids;
  expect(kept(index.memory)).toBeLessThan(0.27 * kept(memory.memory));
  expect(index.memory.total).toBeLessThan(0.45 * memory.memory.total);
  expect(index.memory.codes).toBeGreaterThan(40_000 * 192);
});

test('a long walk through a graph has room for its candidates after a short one', async () => {
  const rows = randomRows(3000, 16);
  const index = await build(rows, { rows: 'file', file: nextFile(), graph: { degree: 16, effort: 48 } });
  expect((await index.search(rows[0]!, 1, { effort: 16 })).exact).toBe(false);
  const hits = await index.search(rows[0]!, 1500, { effort: 1600 });
  // Where there is no room, all rows are scanned instead.
  expect(hits).toMatchObject({ length: 1500, exact: false });
});

describe('build into a file', () => {
  async function* chunks(rows: readonly Float32Array[], size: number) {
    for (let first = 0; first < rows.length; first += size) yield rows.slice(first, first + size);
  }

  test.each([
    ['float32', 'cosine'],
    ['float16', 'dot'],
    ['int8', 'euclidean'],
  ] as const)(
    'a stream of %s rows by %s gives the file that save writes, and the same hits',
    async (precision, metric) => {
      const rows = randomRows(2500, 70);
      const ids = rows.map((_, i) => `row ${i}`);
      const memory = await build<string>(rows, { metric, precision, ids });
      const file = nextFile();
      const told_: (number | undefined)[] = [];
      const index = await build<string>(chunks(rows, 333), {
        ...{ metric, precision, ids, rows: 'file', file },
        onProgress: ({ processed }) => told_.push(processed),
      });
      expect(told_.at(-1)).toBe(2500);
      await expectFile(file, memory.toBytes());
      const [query] = randomRows(1, 70, 2);
      expect(told(await index.search(query!, 9))).toEqual(told(await memory.search(query!, 9)));
      await index.add([rows[0]!], { ids: ['new'] });
      await index.save(file);
      expect((await load(file, { rows: 'file' })).size).toBe(2501);
    },
  );

  test('an array, with a graph; and nothing at all', async () => {
    const rows = randomRows(600, 64);
    const index = await build(rows, { rows: 'file', file: nextFile(), graph: true });
    expect(index.graph!.rows).toBe(600);
    expect((await index.search(rows[3]!, 1)).ids).toEqual([3]);
    const empty = await build([], { rows: 'file', file: nextFile(), dims: 3 });
    expect((await empty.search([1, 2, 3], 1)).length).toBe(0);
    await empty.add([[1, 2, 3]]);
    expect((await empty.search([1, 2, 3], 1)).length).toBe(1);
  });

  test('nothing is left of a build that fails or is aborted, and what was there stays', async () => {
    const file = nextFile();
    await writeFile(file, 'before');
    const rows = randomRows(500, 64);
    const bad = [...rows, new Float32Array(64)];
    const failed = { code: 'ZeroMagnitude', vectorIndex: 500 };
    await expect(build(chunks(bad, 100), { rows: 'file', file })).rejects.toMatchObject(failed);
    const controller = new AbortController();
    async function* endless() {
      yield rows;
      controller.abort(new Error('enough'));
      yield rows;
    }
    const aborted = build(endless(), { rows: 'file', file, signal: controller.signal });
    await expect(aborted).rejects.toThrow('enough');
    expect(await readFile(file, 'utf8')).toBe('before');
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('options that do not fit', async () => {
    await expect(build([[1]], { rows: 'file' })).rejects.toThrow('file must be a path');
    await expect(build([[1]], { file: 'x' })).rejects.toThrow("file must be left out without rows: 'file'");
    await expect(build([[1]], { rows: 'disk' as never })).rejects.toThrow("rows must be 'memory' or 'file'");
    const scan = { rows: 'file', file: nextFile(), scan: 'float32' } as const;
    await expect(build([[1]], scan)).rejects.toThrow("scan must be 'int8' with rows: 'file'");
    const gone = build([[1]], { rows: 'file', file: join(folder, 'no', 'such.safetensors') });
    await expect(gone).rejects.toMatchObject({ code: 'FileAccess' });
  });
});
