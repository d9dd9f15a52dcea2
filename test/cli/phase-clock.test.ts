import { expect, test } from 'vitest';
import { PhaseClock } from '../../src/cli/phase-clock.js';

/** A clock that goes on only where it is told to. */
function manualClock() {
  let nowMs = 500;
  const takes = (ms: number) => {
    nowMs += ms;
  };
  return { takes, clock: new PhaseClock(() => nowMs) };
}

test('what the command waited for, moment by moment, adds up to its whole time', async () => {
  const { takes, clock } = manualClock();
  takes(3);
  await clock.during('starting', () => takes(20));
  let closed = false;
  async function* chunks() {
    try {
      for (const ms of [30, 5]) {
        takes(ms);
        yield ms;
      }
    } finally {
      closed = true;
    }
  }
  const seen: number[] = [];
  await clock.during('indexing', async () => {
    for await (const chunk of clock.reading(chunks())) {
      seen.push(chunk);
      takes(100);
      await clock.during('writing', () => takes(7));
    }
  });
  await clock.during('report', () => takes(11));
  takes(2);
  expect(seen).toEqual([30, 5]);
  expect(closed).toBe(true);
  expect(clock.phases(50)).toEqual([
    { name: 'starting', ms: 20 },
    { name: 'reading', ms: 35 },
    { name: 'copying', ms: 50 },
    { name: 'indexing', ms: 150 },
    { name: 'writing', ms: 14 },
    { name: 'report', ms: 11 },
    { name: 'rest', ms: 5 },
  ]);
  expect(clock.phases(0)).toContainEqual({ name: 'indexing', ms: 200 });
});

test('an error passes through, and who stops reading closes the chunks', async () => {
  const { clock } = manualClock();
  await expect(clock.during('writing', () => Promise.reject(new Error('full')))).rejects.toThrow('full');
  let closed = false;
  async function* chunks() {
    try {
      while (true) yield 1;
    } finally {
      closed = true;
    }
  }
  for await (const _ of clock.reading(chunks())) break;
  expect(closed).toBe(true);
});
