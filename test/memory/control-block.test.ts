import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ControlBlock } from '../../src/memory/control-block.js';
import { type Batch, CLAIMED, DONE, LOST, PENDING } from '../../src/memory/control-layout.js';

const batchOf = (count: number, sliceRows: number, i = 0): Batch => ({
  firstRank: 7 * i,
  count,
  dims: 3 + i,
  rows: 4_294_967_232 - 64 * i,
  magnitudes: 4_294_900_000 - 64 * i,
  sliceRows,
});
const batches = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 65_536 }), fc.integer({ min: 1, max: 999 })), {
    minLength: 1,
    maxLength: 20,
  })
  .map((sizes) => sizes.map(([count, sliceRows], i) => batchOf(count, sliceRows, i)));

test('batches read back as they were described, offsets up to 4 GiB included, also through another view', () => {
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 256 }), fc.boolean(), (all, threads, timed) => {
      const { buffer, batchCount } = ControlBlock.create(all, threads, timed);
      const control = new ControlBlock(buffer, batchCount);
      expect(all.map((_, i) => control.batch(i))).toEqual(all);
      expect(control.timed).toBe(timed);
      expect(control.unclaimed).toBe(Math.max(0, all.length - threads));
      expect(control.claimNext()).toBe(threads);
      for (const i of all.keys()) expect([control.state(i), control.isWanted(i)]).toEqual([PENDING, true]);
    }),
    { numRuns: 1000 },
  );
});

test('what one batch records touches no other', () => {
  fc.assert(
    fc.property(batches, fc.nat(), (all, pick) => {
      const control = ControlBlock.create(all, 1, true);
      const chosen = pick % all.length;
      const groups = Math.ceil(all[chosen]!.count / all[chosen]!.sliceRows);
      control.recordClaim(chosen, 200, 1.5e12 + 0.25);
      expect(control.state(chosen)).toBe(CLAIMED);
      for (let group = 0; group < groups; group++) control.recordTiming(chosen, group, group + 1);
      control.recordRowsDone(chosen, all[chosen]!.count);
      control.recordDone(chosen, 3, 1.5e12 + 9.75);
      expect([...control.timings(chosen)]).toEqual(Array.from({ length: groups }, (_, group) => group + 1));
      expect(control).toMatchObject({ end: all.length });
      for (const [i, batch] of all.entries()) {
        expect(control.batch(i)).toEqual(batch);
        const found = [control.state(i), control.threadId(i), control.rowsDone(i), control.rejected(i)];
        const times = [control.claimedAtMs(i), control.endedAtMs(i)];
        expect(found).toEqual(i === chosen ? [DONE, 200, batch.count, 3] : [PENDING, 0, 0, 0]);
        expect(times).toEqual(i === chosen ? [1.5e12 + 0.25, 1.5e12 + 9.75] : [0, 0]);
        if (i !== chosen) expect(control.timings(i).every((time) => time === 0)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

test('the end is only ever lowered', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { minLength: 1 }), (ends) => {
      const all = Array.from({ length: 30 }, (_, i) => batchOf(10, 5, i));
      const control = ControlBlock.create(all, 1, false);
      let lowest = 30;
      for (const end of ends) {
        control.lowerEnd(end);
        lowest = Math.min(lowest, end);
        expect(control.end).toBe(lowest);
        expect([control.isWanted(lowest - 1), control.isWanted(lowest)]).toEqual([true, false]);
      }
    }),
    { numRuns: 1000 },
  );
});

test('a record is cleared before its batch runs again, and an untimed run keeps no timings', () => {
  const control = ControlBlock.create([batchOf(10, 5)], 1, false);
  control.recordClaim(0, 4, 1);
  control.recordRowsDone(0, 5);
  control.resetRecord(0, PENDING);
  expect([control.state(0), control.rowsDone(0)]).toEqual([PENDING, 0]);
  control.resetRecord(0, LOST);
  expect(control.state(0)).toBe(LOST);
  expect(control.timings(0)).toHaveLength(0);
  expect(control.buffer.byteLength).toBe(64 + 64);
});

test('rows are waited for until they are there or not wanted any more', () => {
  const control = ControlBlock.create([batchOf(10, 5), batchOf(10, 5)], 1, false);
  control.publishReady(1);
  expect(control.ready).toBe(1);
  expect(control.waitUntilReady(0)).toBe(true);
  control.lowerEnd(1);
  expect(control.waitUntilReady(1)).toBe(false);
});
