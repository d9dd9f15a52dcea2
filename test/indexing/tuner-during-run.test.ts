import { expect, test } from 'vitest';
import {
  type RunWindow,
  type ShedStep,
  startShedding,
  stepDuringRun,
} from '../../src/indexing/tuning/tuner-during-run.js';

const window: RunWindow = { rate: 100, busyMs: new Array(8).fill(90), unclaimed: 1000, availableThreads: 8 };

function through(threads: number, ...windows: readonly Partial<RunWindow>[]): ShedStep[] {
  let state = startShedding(threads);
  return windows.map((changes) => {
    const step = stepDuringRun(state, { ...window, ...changes });
    state = step.state;
    return step;
  });
}
const threadsOf = (steps: readonly ShedStep[]) => steps.map(({ state }) => state.threads);

test('threads that are busy and have processors stay', () => {
  const steps = through(8, ...new Array<Partial<RunWindow>>(20).fill({}));
  expect(new Set(threadsOf(steps))).toEqual(new Set([8]));
});

test('threads beyond the processors go, after two windows that count, and stay away where that costs nothing', () => {
  const few = { availableThreads: 2 };
  const steps = through(8, { ...few, rate: 1 }, few, few, { ...few, rate: 1 }, few, { ...few, rate: 96 }, few, few);
  expect(threadsOf(steps)).toEqual([8, 8, 2, 2, 2, 2, 2, 2]);
  expect(steps[5]!.verdict).toEqual({ effect: 0.98, kept: true });
  expect(steps.slice(6).map(({ verdict }) => verdict)).toEqual([undefined, undefined]);
});

test('they come back where fewer are slower, and are not sent away again', () => {
  const few = { availableThreads: 2 };
  const slower = { ...few, rate: 90 };
  const steps = through(8, few, few, few, slower, slower, slower, few, few, few, few);
  expect(threadsOf(steps)).toEqual([8, 8, 2, 2, 2, 8, 8, 8, 8, 8]);
  expect(steps[5]!.verdict).toEqual({ effect: 0.9, kept: false });
});

test('low efficiency halves the threads, but not below two', () => {
  const uneven = (threads: number) => ({ busyMs: [100, ...new Array<number>(threads - 1).fill(59)] });
  expect(threadsOf(through(8, uneven(8), uneven(8), uneven(8)))).toEqual([8, 8, 4]);
  expect(threadsOf(through(3, uneven(3), uneven(3), uneven(3)))).toEqual([3, 3, 2]);
  expect(threadsOf(through(2, uneven(2), uneven(2), uneven(2)))).toEqual([2, 2, 2]);
  const even = { busyMs: [100, 60, 60] };
  expect(threadsOf(through(3, even, even, even))).toEqual([3, 3, 3]);
});

test('towards the end of a run, and while nothing is done, nothing is changed', () => {
  const few = { availableThreads: 2 };
  expect(threadsOf(through(8, few, few, { ...few, unclaimed: 7 }, few))).toEqual([8, 8, 8, 8]);
  const still = { ...few, rate: 0 };
  expect(threadsOf(through(8, still, still, still, still))).toEqual([8, 8, 8, 8]);
});
