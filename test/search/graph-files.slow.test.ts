/**
 * A graph is saved with its index, and searched as soon as it is loaded; a damaged one is told of, and the index is scanned.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readVectors, VectorIndex } from 'simdex';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { seededRandom } from '../indexing/support.js';
import { clusteredRows, foundThemselves, graphIsUpToDate } from './graph-support.js';
import { build, load, positions, told } from './support.js';

const DIMS = 24;
const all = clusteredRows(2100, DIMS, 50);
const rows = all.slice(0, 2000);
const queries = all.slice(2000);
let folder: string;
let saved: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simdex-graph-'));
  await using index = await VectorIndex.build(rows, { graph: { degree: 12, effort: 48 } });
  saved = index.toBytes();
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

/** Where the data of a tensor are in the bytes of a file. */
function placeOf(bytes: Uint8Array, name: string): { readonly first: number; readonly last: number } {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const [first, last] = header[name].data_offsets;
  return { first: 8 + length + first, last: 8 + length + last };
}

async function loadTold(bytes: Uint8Array): Promise<{ index: VectorIndex; warnings: string[] }> {
  const warnings: string[] = [];
  const logger = { info: () => undefined, warn: (message: string) => warnings.push(message) };
  return { index: await load(bytes, { logger }), warnings };
}

describe.each(['cosine', 'dot', 'euclidean'] as const)('by %s', (metric) => {
  test('a loaded graph finds what it found before, at once, and goes on', async () => {
    const index = await build(rows, { metric, graph: { degree: 16, effort: 64 } });
    const file = join(folder, `${metric}.safetensors`);
    await index.save(file);
    expect(new Uint8Array(await readFile(file))).toEqual(index.toBytes());
    const again = await load(file);
    const { bytes: _, ...info } = index.graph!;
    expect(again.graph).toMatchObject(info);
    const expected = (await index.searchBatch(queries, 10, { effort: 40 })).map(told);
    expect((await again.searchBatch(queries, 10, { effort: 40 })).map(told)).toEqual(expected);
    expect((await again.search(queries[0]!, 10)).exact).toBe(false);
    await again.add(queries);
    await again.remove(positions(700));
    await graphIsUpToDate(again);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await foundThemselves(again, [...rows.slice(700), ...queries])).toBeGreaterThan(1370);
  });
});

test('an index that was changed is saved with what is left of its graph', async () => {
  const index = await build(rows, { graph: { degree: 12 } });
  await index.remove(positions(300).map((i) => 3 * i));
  await index.add(queries);
  const again = await load(index.toBytes());
  expect([...again.ids()]).toEqual([...index.ids()]);
  expect(again.graph!.rows + again.graph!.pending).toBe(index.size);
  await graphIsUpToDate(again);
  const left = rows.filter((_, i) => i % 3 !== 0 || i >= 900);
  expect(await foundThemselves(again, [...left, ...queries])).toBeGreaterThan(0.98 * index.size);
});

test('rows of a saved graph are those of the file, whatever reads it', async () => {
  const chunks: number[] = [];
  for await (const { data } of readVectors(new Blob([saved]), { format: 'safetensors' })) chunks.push(data.length);
  expect(chunks.reduce((sum, each) => sum + each, 0)).toBe(2000 * DIMS);
  const { first, last } = placeOf(saved, 'graph.neighbours');
  expect(last - first).toBe(2000 * 13 * 4);
});

test('a small graph, of one row and of none', async () => {
  for (const count of [0, 1, 2, 300]) {
    const index = await build(rows.slice(0, count), { dims: DIMS, graph: true });
    const again = await load(index.toBytes());
    expect(again.graph).toMatchObject({ rows: count });
    expect((await again.search(rows[0]!, 5, { effort: 20 })).length).toBe(Math.min(5, count));
    await again.add(rows.slice(count, 400));
    await graphIsUpToDate(again);
    expect(await foundThemselves(again, rows.slice(0, 400))).toBeGreaterThan(390);
  }
});

describe('a damaged graph', () => {
  const words = (bytes: Uint8Array, name: string) => {
    const { first, last } = placeOf(bytes, name);
    return new DataView(bytes.buffer, bytes.byteOffset + first, last - first);
  };
  test.each([
    ['a neighbour that is no row', 'graph.neighbours', 4, 2000],
    ['a neighbour beyond all numbers', 'graph.neighbours', 4, 0xfffffff0],
    ['too many neighbours', 'graph.neighbours', 0, 13],
    ['far too many', 'graph.neighbours', 0, 0xffffffff],
    ['a row of the index that is none', 'graph.rows', 4, 2000],
    ['a row of the index twice', 'graph.rows', 4, 0],
    ['an entry point that is none', 'graph.entries', 0, 5000],
    ['a neighbour in the graph above', 'graph.level1', 4, 999],
    ['a negative scale', 'graph.space', 4, 0xbff00000],
    ['a calibration that is none', 'graph.calibration', 4, 0x7ff80000],
    ['one bit', 'graph.neighbours', 500 * 13 * 4 + 4, undefined],
    ['a wrong checksum', 'graph.check', 0, 1],
  ])('by %s is told once, and all rows are scanned', async (_, name, at, value) => {
    const bytes = saved.slice();
    const view = words(bytes, name);
    view.setUint32(at, value ?? view.getUint32(at, true) ^ 1, true);
    const { index, warnings } = await loadTold(bytes);
    expect(warnings).toEqual([
      expect.stringMatching(/^bytes: the graph in it is damaged \(.+\); all rows are scanned until one is built$/),
    ]);
    expect(index.graph).toBeUndefined();
    expect((await index.search(rows[7]!, 1)).ids).toEqual([7]);
    await index.buildGraph({ degree: 8 });
    expect((await index.search(rows[7]!, 1)).ids).toEqual([7]);
  });

  test.each([
    ['graph.rows', 'graph.rowz'],
    ['graph.check', 'graph.chack'],
    ['graph.neighbours', 'graph.neighbourz'],
  ])('without %s is told once, too', async (name, other) => {
    const text = Buffer.from(saved).toString('latin1').replace(`"${name}"`, `"${other}"`);
    const { index, warnings } = await loadTold(new Uint8Array(Buffer.from(text, 'latin1')));
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toContain(name);
    expect(index.graph).toBeUndefined();
  });

  test('that is truncated is a truncated file', async () => {
    const { first } = placeOf(saved, 'graph.neighbours');
    await expect(VectorIndex.load(saved.slice(0, first + 1000))).rejects.toMatchObject({ code: 'MalformedFile' });
  });

  test('at random neither crashes nor hangs', async () => {
    const random = seededRandom(5);
    const { first } = placeOf(saved, 'graph.neighbours');
    for (let round = 0; round < 8; round++) {
      const bytes = saved.slice();
      for (let i = 0; i < 1 + 30 * random(); i++) {
        bytes[first + Math.floor(random() * (bytes.length - first))] = Math.floor(256 * random());
      }
      const { index, warnings } = await loadTold(bytes);
      expect(warnings.length === 1 || index.graph !== undefined).toBe(true);
      expect((await index.search(rows[3]!, 1)).ids).toEqual([3]);
      onTestFinished(() => index.dispose());
    }
  });
});
