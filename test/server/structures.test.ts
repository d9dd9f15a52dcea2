/**
 * The structures in memory, against obvious ones.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparePointIds, type PointId } from '../../src/server/collections/point-id.js';
import { PointTable } from '../../src/server/collections/point-table.js';
import { SortedMap } from '../../src/server/collections/sorted-map.js';
import { WriteQueue } from '../../src/server/collections/write-queue.js';
import { Bits } from '../../src/server/filters/bits.js';
import { SlotSet } from '../../src/server/filters/slot-set.js';
import { runsOf } from '../seed.js';

const uuidOf = (i: number) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
const id: fc.Arbitrary<PointId> = fc.nat(3000).map((n) => (n % 3 === 0 ? uuidOf(n) : n));

test('a sorted map is a map whose keys are in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(id, fc.option(fc.nat())), { maxLength: 4000, minLength: 1 }),
      id,
      (changes, asked) => {
        const map = new SortedMap<PointId, number>(comparePointIds);
        const model = new Map<PointId, number>();
        for (const [key, value] of changes) {
          if (value === null) {
            map.delete(key);
            model.delete(key);
          } else {
            map.set(key, value);
            model.set(key, value);
          }
        }
        const inOrder = [...model].sort(([a], [b]) => comparePointIds(a, b));
        expect(map.size).toBe(model.size);
        expect([...map.from()].map(({ key, value }) => [key, value])).toEqual(inOrder);
        const behind = inOrder.filter(([key]) => comparePointIds(key, asked) >= 0);
        expect([...map.from(asked)].map(({ key }) => key)).toEqual(behind.map(([key]) => key));
        expect(map.get(asked)).toBe(model.get(asked));
        expect(map.before(asked)).toBe(inOrder.findLast(([key]) => comparePointIds(key, asked) < 0)?.[0]);
      },
    ),
    runsOf(200),
  );
});

test('keys that come and go while a sorted map is walked disturb no others', () => {
  const map = new SortedMap<number, number>((a, b) => a - b);
  for (let key = 0; key < 5000; key++) map.set(2 * key, key);
  const met: number[] = [];
  for (const { key } of map.from(10)) {
    met.push(key);
    if (key % 4 === 0) {
      map.delete(key);
      map.set(key - 7, 0);
    }
  }
  expect(met).toEqual(Array.from({ length: 4995 }, (_, i) => 10 + 2 * i));
});

test('a slot is used again only when no search is under way that began before its point went', async () => {
  const table = new PointTable();
  const first = table.put(1, 0);
  let end: () => void = () => undefined;
  const searching = table.whileSearching(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  table.delete(1);
  expect(table.idOf(first)).toBeUndefined();
  expect(table.put(2, 1)).not.toBe(first);
  end();
  await searching;
  expect(table.put(3, 2)).toBe(first);
  expect([table.idOf(first), table.slotOf(3), table.size, table.lastNumber]).toEqual([3, first, 2, 3]);
});

test('a set of slots is a set, small or large', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20_000), fc.boolean()), { maxLength: 300 }), (changes) => {
      const set = new SlotSet();
      const model = new Set<number>();
      for (const [slot, isAdded] of changes) {
        if (isAdded) {
          set.add(slot);
          model.add(slot);
        } else {
          set.delete(slot);
          model.delete(slot);
        }
      }
      const bits = new Bits(20_001);
      set.addTo(bits);
      expect(set.size).toBe(model.size);
      expect([...bits]).toEqual([...model].sort((a, b) => a - b));
      expect(bits.count).toBe(model.size);
    }),
    runsOf(500),
  );
});

test('writes that wait share a commit; one that must see what is committed begins a new one; one that throws leaves the others alone', async () => {
  const committed: string[][] = [];
  const queue = new WriteQueue<string[]>(
    () => [],
    async (group) => {
      committed.push(group);
      if (group.includes('bad')) throw new Error('refused by the store');
    },
    async () => false,
  );
  const add = (name: string, sees = false) =>
    queue.write(
      1,
      (group) => {
        if (name === 'throws') throw new Error('wrong');
        group.push(name);
      },
      { sees },
    );
  const done = await Promise.allSettled([
    add('a'),
    add('throws'),
    add('b'),
    add('c', true),
    add('d'),
    add('bad', true),
    add('e', true),
  ]);
  expect(committed).toEqual([['a', 'b'], ['c', 'd'], ['bad'], ['e']]);
  expect(done.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
  await queue.idle();
  expect([queue.waitingRows, queue.waitingWrites]).toEqual([0, 0]);
});
