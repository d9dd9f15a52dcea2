/**
 * A table of ids gives what a list of entries would, however many there are and however alike.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdTable, placeOf, rowOf, segmentOf } from '../../src/search/id-table.js';
import { IdColumn } from '../../src/search/segment.js';
import type { VectorId } from '../../src/vectors/vector-id.js';

test('entries are found, several of one id too, until they are taken away', () => {
  const id = fc.oneof(
    fc.integer({ min: -20, max: 20 }),
    fc.maxSafeInteger(),
    fc.string({ maxLength: 3 }),
    fc.constantFrom('0', 'a'.repeat(1000)),
  );
  const step = fc.record({ adds: fc.boolean(), id, pick: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const ids: VectorId[] = [];
      const table = new IdTable((_, row) => ids[row]!);
      const entries: { id: VectorId; place: number }[] = [];
      for (const { adds, id, pick } of steps) {
        if (adds) {
          const place = placeOf(pick % 3, ids.length);
          ids.push(id);
          table.add(id, place);
          entries.push({ id, place });
        } else if (entries.length > 0) {
          const [gone] = entries.splice(pick % entries.length, 1);
          table.delete(gone!.id, gone!.place);
          // Once more does nothing.
          table.delete(gone!.id, gone!.place);
        }
        const found = new Set<number>();
        table.find(id, (segment, row) => {
          found.add(placeOf(segment, row));
          return false;
        });
        for (const each of entries) if (each.id === id) expect(found).toContain(each.place);
        expect(table.find(id, () => true) !== -1).toBe(entries.some((each) => each.id === id));
      }
    }),
  );
});

test('two hundred thousand are all found, and half of them when the others are gone', () => {
  const count = 200_000;
  const idAt = (row: number): VectorId => (row % 2 ? `id ${row}` : row * 4096);
  const table = new IdTable((_, row) => idAt(row));
  for (let row = 0; row < count; row++) table.add(idAt(row), placeOf(7, row));
  for (let row = 0; row < count; row += 3) table.delete(idAt(row), placeOf(7, row));
  const wrong: number[] = [];
  for (let row = 0; row < count; row++) {
    const place = table.find(idAt(row), () => true);
    const isRight = row % 3 === 0 ? place === -1 : segmentOf(place) === 7 && rowOf(place) === row;
    if (!isRight) wrong.push(row);
  }
  expect(wrong).toEqual([]);
});

test('no step takes much longer than others, however many there are', () => {
  // What a Map does when it grows is to put all entries elsewhere at once: the work of a step is bounded here.
  const table = new IdTable((_, row) => row);
  const original = Uint32Array;
  let largest = 0;
  globalThis.Uint32Array = new Proxy(original, {
    construct(target, [length]: [number]) {
      largest = Math.max(largest, length);
      return new target(length);
    },
  });
  try {
    for (let row = 0; row < 300_000; row++) table.add(row, placeOf(0, row));
  } finally {
    globalThis.Uint32Array = original;
  }
  expect(largest).toBeGreaterThan(0);
  expect(largest).toBeLessThanOrEqual(3 * 2048);
});

test('a column keeps ids by their rows, consecutive or not, and forgets those behind one that is given anew', () => {
  const ids = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.string({ maxLength: 2 }), fc.maxSafeInteger()), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(ids, fc.integer({ min: 0, max: 5000 }), ids, (some, run, others) => {
      const column = new IdColumn();
      const expected: VectorId[] = [...some];
      for (let i = 0; i < run; i++) expected.push(100 + i);
      for (const [row, id] of expected.entries()) column.set(row, id);
      const from = Math.floor(expected.length / 2);
      expected.length = from;
      for (const id of others) expected.push(id);
      for (let row = from; row < expected.length; row++) column.set(row, expected[row]!);
      expect(expected.map((_, row) => column.get(row))).toEqual(expected);
    }),
  );
});
