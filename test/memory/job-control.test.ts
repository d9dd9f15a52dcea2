import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Batch, BatchRecords, batchAt, describeBatches } from '../../src/memory/batch.js';
import {
  CLAIMED,
  DONE,
  DROPPED,
  LOST,
  PENDING,
  RESERVED,
  UNIT_WORDS,
  UnitControl,
  type UnitState,
} from '../../src/memory/control-block.js';
import { JobControl } from '../../src/memory/job-control.js';
import { runsOf } from '../seed.js';

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

function createFor(all: readonly Batch[], threads: number, timed: boolean, reserve = false): JobControl {
  const { units, timings } = describeBatches([{ batches: all, endAtRejection: false }]);
  return JobControl.create(units, { threads, reserve, timed, timings: timed ? timings : 0, shared: true });
}

const statesOf = (control: JobControl): UnitState[] =>
  Array.from({ length: control.unitCount }, (_, unit) => control.state(unit));

test('batches read back as they were described, offsets up to 4 GiB included, also through another view', () => {
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 256 }), fc.boolean(), (all, threads, timed) => {
      const control = new JobControl(createFor(all, threads, timed).buffer);
      expect(all.map((_, i) => batchAt(control, i))).toEqual(all);
      expect(control.timed).toBe(timed);
      expect(new BatchRecords(control).unclaimed).toBe(all.length);
    }),
    runsOf(1000),
  );
});

test('what one batch records touches no other', () => {
  fc.assert(
    fc.property(batches, fc.nat(), (all, pick) => {
      const control = createFor(all, 256, true);
      const records = new BatchRecords(control);
      const chosen = pick % all.length;
      const groups = Math.ceil(all[chosen]!.count / all[chosen]!.sliceRows);
      let firstTiming = 0;
      for (let unit = 0; unit <= chosen; unit++) {
        expect(control.claimNow(200)).toBe(unit);
        if (unit < chosen) firstTiming += Math.ceil(all[unit]!.count / all[unit]!.sliceRows);
      }
      control.recordClaimedAt(chosen, 1.5e12 + 0.25);
      for (let group = 0; group < groups; group++) control.recordTiming(firstTiming + group, group + 1);
      control.recordRowsDone(chosen, all[chosen]!.count);
      expect(control.recordDone(chosen, 200, 3, 1.5e12 + 9.75)).toBe(true);
      expect([...records.timings(chosen)]).toEqual(Array.from({ length: groups }, (_, group) => group + 1));
      for (const [i, batch] of all.entries()) {
        expect(records.batch(i)).toEqual(batch);
        const found = [records.rowsDone(i), records.rejected(i), records.claimedAtMs(i), records.endedAtMs(i)];
        expect(found).toEqual(i === chosen ? [batch.count, 3, 1.5e12 + 0.25, 1.5e12 + 9.75] : [0, 0, 0, 0]);
        expect(records.state(i)).toBe(i < chosen ? CLAIMED : i === chosen ? DONE : PENDING);
        expect(records.threadId(i)).toBe(i <= chosen ? 200 : 0);
        if (i !== chosen) expect(records.timings(i).every((time) => time === 0)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

/** What any thread, the calling one included, may do at any time, in any order. */
const steps = fc.array(
  fc.oneof(
    fc.record({ step: fc.constantFrom('claim', 'end', 'die'), thread: fc.nat(3) }),
    fc.record({ step: fc.constant('drop'), first: fc.nat(11), count: fc.nat(4) }),
    fc.record({ step: fc.constant('ready'), units: fc.nat(12) }),
    fc.record({ step: fc.constant('lose'), thread: fc.nat(3) }),
  ),
  { maxLength: 120 },
);

test('whatever happens, a unit has one thread at a time, ends once, and none is forgotten', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (all, reserve) => {
      const units = 12;
      const control = JobControl.create(new Uint32Array(units * UNIT_WORDS), {
        threads: 4,
        reserve,
        ready: 0,
        shared: true,
      });
      const threads = Array.from({ length: 4 }, () => new UnitControl(control.buffer));
      const held = new Map<number, number>();
      const dropped = new Set<number>();
      const lost = new Set<number>();
      const done = new Set<number>();
      let ready = 0;
      for (const one of all) {
        if (one.step === 'ready') {
          ready = Math.max(ready, (one as { units: number }).units);
          control.publishReady(ready);
        } else if (one.step === 'drop') {
          const { first, count } = one as { first: number; count: number };
          control.drop(first, Math.min(units, first + count));
          for (let unit = first; unit < Math.min(units, first + count); unit++) {
            if (!done.has(unit) && !lost.has(unit)) dropped.add(unit);
          }
        } else {
          const { thread, step } = one as { thread: number; step: string };
          const unit = held.get(thread);
          if (step === 'claim' && unit === undefined) {
            const claimed = threads[thread]!.claimNow(thread);
            if (claimed < 0) continue;
            // Nobody else has it, it is ready, wanted and not done.
            expect([...held.values()]).not.toContain(claimed);
            expect(claimed).toBeLessThan(ready);
            expect(done.has(claimed) || dropped.has(claimed) || lost.has(claimed)).toBe(false);
            expect([control.state(claimed), control.threadId(claimed)]).toEqual([CLAIMED, thread]);
            held.set(thread, claimed);
          } else if (unit !== undefined) {
            held.delete(thread);
            if (step === 'end') {
              expect(threads[thread]!.isMine(unit, thread)).toBe(!dropped.has(unit));
              expect(threads[thread]!.recordDone(unit, thread)).toBe(!dropped.has(unit));
              if (!dropped.has(unit)) done.add(unit);
            } else if (step === 'claim') {
              held.set(thread, unit);
            } else {
              const found = control.claimedBy(thread);
              expect(found).toEqual(dropped.has(unit) ? [] : [unit]);
              for (const each of found) {
                control.reset(each, step === 'lose' ? LOST : PENDING);
                if (step === 'lose') lost.add(each);
              }
            }
          }
        }
      }
      // What is left is found by one thread after the others have gone.
      control.publishReady(units);
      for (const [thread, unit] of held) if (threads[thread]!.recordDone(unit, thread)) done.add(unit);
      for (let thread = 0; thread < 4; thread++) control.releaseReserved(thread);
      while (control.findOpen() >= 0) {
        const unit = threads[3]!.claimNow(3);
        expect(unit).toBeGreaterThanOrEqual(0);
        expect(threads[3]!.recordDone(unit, 3)).toBe(true);
        done.add(unit);
      }
      for (const [unit, state] of statesOf(control).entries()) {
        expect(state).toBe(done.has(unit) ? DONE : lost.has(unit) ? LOST : DROPPED);
      }
      expect(done.size + lost.size + dropped.size).toBe(units);
    }),
    runsOf(3000),
  );
});

test('a reserved unit is for its thread only, until it is released', () => {
  const control = JobControl.create(new Uint32Array(4 * UNIT_WORDS), { threads: 3, reserve: true, shared: true });
  expect(statesOf(control)).toEqual([RESERVED, RESERVED, RESERVED, PENDING]);
  expect([control.claimNow(1), control.claimNow(1), control.claimNow(1)]).toEqual([1, 3, -1]);
  control.releaseReserved(2);
  control.releaseReserved(1);
  expect(control.claimNow(1)).toBe(2);
  expect(control.claimNow(0)).toBe(0);
  expect(control.claimNow(0)).toBe(-1);
});

test('a thread that is not admitted, or asked to yield, claims nothing', () => {
  const control = JobControl.create(new Uint32Array(4 * UNIT_WORDS), { threads: 2, ready: 1, shared: true });
  expect(control.claim(0)).toBe(0);
  control.askToYield(true);
  // The next units are not ready: it would wait for them.
  expect(control.claim(0)).toBe(-1);
  control.admitThreads(0);
  expect(control.claim(1)).toBe(-1);
  control.askToYield(false);
  control.admitThreads(2);
  control.publishReady(4);
  expect(control.claim(1)).toBe(1);
});
