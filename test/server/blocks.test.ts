/**
 * Rows on their way to the store and back: blocks, the check of many rows at once, and the memory from which threads take them.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparePointIds, type PointId } from '../../src/server/collections/point-id.js';
import { PointTable } from '../../src/server/collections/point-table.js';
import { SortedMap } from '../../src/server/collections/sorted-map.js';
import { stagedRows } from '../../src/server/collections/staged-rows.js';
import { isSearchable, unsearchableRows } from '../../src/server/collections/vectors.js';
import {
  BlockEncoder,
  blockAround,
  decodeBlock,
  FOLLOWING_HEAD_BYTES,
  idOfRow,
  namesOf,
  numberOfRow,
} from '../../src/server/store/block.js';
import { runsOf } from '../seed.js';

const uuidOf = (i: number) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;

/** Some that follow each other by ones, some that do not. */
const numbersFrom = (least: number, count: number, gap: number) =>
  Array.from({ length: count }, (_, i) => least + i + (i > count / 2 ? gap : 0));

test('a block gives back what was put into it, wherever its bytes lie', () => {
  const encoder = new BlockEncoder();
  fc.assert(
    fc.property(
      fc.record({
        count: fc.integer({ min: 1, max: 50 }),
        dims: fc.integer({ min: 1, max: 9 }),
        number: fc.nat(2 ** 40),
        numberGap: fc.constantFrom(0, 3),
        id: fc.nat(2 ** 40),
        idGap: fc.constantFrom(0, 5),
        isUuid: fc.boolean(),
        offset: fc.nat(8),
      }),
      ({ count, dims, number, numberGap, id, idGap, isUuid, offset }) => {
        const numbers = numbersFrom(number, count, numberGap);
        const ids: PointId[] = numbersFrom(id, count, idGap);
        if (isUuid) ids[count - 1] = uuidOf(id);
        const vectors = Float32Array.from({ length: count * dims }, (_, i) => Math.sin(i));
        const encoded = encoder.encode(namesOf(Float64Array.from(numbers), ids), dims);
        encoded.vectors.set(vectors);
        const elsewhere = new Uint8Array(encoded.bytes.length + offset);
        elsewhere.set(encoded.bytes, offset);
        const bytes = elsewhere.subarray(offset);
        const block = decodeBlock(bytes);
        expect([block.count, block.dims, block.vectors]).toEqual([count, dims, vectors]);
        expect(numbers.map((_, row) => numberOfRow(block, row))).toEqual(numbers);
        expect(ids.map((_, row) => idOfRow(block, row))).toEqual(ids);
        // Names that follow each other take no room.
        if (numberGap === 0 && idGap === 0 && !isUuid) expect(bytes.length).toBe(32 + 4 * count * dims);
      },
    ),
    runsOf(300),
  );
});

test('a block around vectors where they lie is the one that copies them', () => {
  const vectors = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
  const around = new Float32Array(new ArrayBuffer(FOLLOWING_HEAD_BYTES + vectors.byteLength), FOLLOWING_HEAD_BYTES);
  around.set(vectors);
  const bytes = blockAround(around, 3, 2 ** 40, 77);
  const copied = new BlockEncoder().encode({ count: 4, numbers: { first: 2 ** 40 }, ids: { first: 77 } }, 3);
  copied.vectors.set(vectors);
  expect(bytes).toEqual(copied.bytes);
  expect(bytes.buffer).toBe(around.buffer);
});

test('many rows are looked over as each alone is', async () => {
  const component = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(0, -0, 1, -2.5, 1e-45, 3e38) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 11 }),
      fc.constantFrom('Cosine' as const, 'Dot' as const, 'Euclid' as const),
      fc.array(component, { minLength: 60, maxLength: 60 }),
      async (size, distance, components) => {
        const settings = { name: 'c', size, distance, hnsw: { m: 0, efConstruct: 0 }, payloadIndexes: {} };
        const count = Math.floor(components.length / size);
        const data = Float32Array.from(components.slice(0, count * size));
        const rows = Array.from({ length: count }, (_, row) => row);
        const wrong = rows.filter(
          (row) => !isSearchable(settings, data.subarray(row * size, (row + 1) * size), `row ${row}`),
        );
        expect(await unsearchableRows(settings, data)).toEqual(wrong);
      },
    ),
    runsOf(500),
  );
});

test('a run of keys comes into a sorted map as one after the other would', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(4000), { maxLength: 1500 }),
      fc.nat(4000),
      fc.integer({ min: 1, max: 1500 }),
      fc.nat(50),
      (others, first, count, uuids) => {
        const map = new SortedMap<PointId, number>(comparePointIds);
        const model = new Map<PointId, number>();
        const before: PointId[] = [
          ...others.filter((key) => key < first),
          ...Array.from({ length: uuids }, (_, i) => uuidOf(i)),
        ];
        const behind = others.filter((key) => key > first + count);
        for (const key of [...before, ...behind]) {
          map.set(key, 7);
          model.set(key, 7);
        }
        const keys = Array.from({ length: count }, (_, i) => first + i);
        map.addRun(keys, keys);
        for (const key of keys) model.set(key, key);
        const inOrder = [...model].sort(([a], [b]) => comparePointIds(a, b));
        expect([...map.from()].map(({ key, value }) => [key, value])).toEqual(inOrder);
        expect(map.size).toBe(model.size);
        for (const [key, value] of inOrder.slice(0, 100)) expect(map.get(key)).toBe(value);
        // It takes changes as before.
        map.delete(first);
        map.set(first + 0.5, 1);
        model.delete(first);
        model.set(first + 0.5, 1);
        const changed = [...model].sort(([a], [b]) => comparePointIds(a, b)).map(([key]) => key);
        expect([...map.from()].map(({ key }) => key)).toEqual(changed);
      },
    ),
    runsOf(200),
  );
});

test('reserved slots are no points before they are named, and are used again when they are not', () => {
  const table = new PointTable();
  table.put(uuidOf(1), 0);
  const slot = table.reserve(300);
  expect([table.size, table.capacity, table.idOf(slot), table.slotOf(10)]).toEqual([1, 301, undefined, undefined]);
  table.nameAll(slot, 300, 10, 1000);
  expect([table.size, table.lastNumber, table.slotOf(309), table.numberOf(slot + 299)]).toEqual([
    301,
    309,
    slot + 299,
    1299,
  ]);
  expect([...table.from()].map(({ key }) => key)).toEqual([
    ...Array.from({ length: 300 }, (_, i) => 10 + i),
    uuidOf(1),
  ]);
  const unused = table.reserve(2);
  table.release([unused, unused + 1]);
  expect(new Set([table.put(5, 1), table.put(6, 2)])).toEqual(new Set([unused, unused + 1]));
});

test('rows are staged in shared memory, in order, blocks of any size, and none is overwritten while it is taken in', async () => {
  const dims = 4096;
  // The second is larger than what is staged at a time; the last is empty.
  const counts = [1000, 5000, 1, 4000, 90, 4096, 0];
  let next = 0;
  const blocks = counts.map((count) => ({
    count: count + 3,
    copyInto(target: Float32Array) {
      for (let row = 0; row < count; row++) target.fill(next++, row * dims, (row + 1) * dims);
      return count;
    },
  }));
  const firsts: number[] = [];
  let seen = 0;
  for await (const { data } of stagedRows(blocks, dims)) {
    expect(data.buffer).toBeInstanceOf(SharedArrayBuffer);
    // Others go on while this one is taken in.
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (let at = 0; at < data.length; at += dims)
      if (data[at] !== seen || data[at + dims - 1] !== seen++) firsts.push(at);
  }
  expect(firsts).toEqual([]);
  expect(seen).toBe(counts.reduce((sum, count) => sum + count, 0));
});
