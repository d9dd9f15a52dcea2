/**
 * A worker module whose thread dies at a moment of its life that a test chooses. The test holds the other end of the shared
 * words; see dying.ts. Moments inside the claim and the end of a unit are found by wrapping `Atomics`.
 */
import { getEnvironmentData } from 'node:worker_threads';
import runTask from '../../../dist/worker.node.js';

const [MOMENT, SKIP, TIMES, UNIT, WAY, ODDS, SEED, NEVER] = [0, 1, 2, 3, 4, 5, 6, 7];
/** Words of the header; behind it are the records, with the state of a unit in their ninth word. */
const [HEADER_WORDS, RECORD_WORDS, STATE] = [16, 16, 8];
const [CLAIMED, DONE] = [1, 2];
const [READY, YIELD] = [1, 4];
const words = new Int32Array(getEnvironmentData('simdex test death'));
const { add, compareExchange, load, sub, wait } = Atomics;

const MOMENTS = {
  'at the start of a task': 1,
  'before a claim': 2,
  'after a claim': 3,
  'in a unit': 4,
  'before the end of a unit': 5,
  'after the end of a unit': 6,
  'while it waits for rows': 7,
  'when it is asked to yield': 8,
  'at the end of a task': 9,
};
const ANY = 10;

/** Control block of the job that this thread takes part in; undefined between two. */
let control;

/** Numbers in [0, 1) from a seed that all threads share, so that no two draw the same. */
function random() {
  let mixed = Math.imul(add(words, SEED, 0x6d2b79f5), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

/** Dies here if the test wants that; `unit` is left out where there is none. */
function pass(moment, unit = -1) {
  const wanted = load(words, MOMENT);
  if (wanted !== MOMENTS[moment] && wanted !== ANY) return;
  const only = load(words, UNIT);
  if (only >= 0 && unit >= 0 && only !== unit) return;
  if (wanted === ANY && random() * 10_000 >= load(words, ODDS)) return;
  if (load(words, SKIP) > 0 && sub(words, SKIP, 1) > 0) return;
  if (sub(words, TIMES, 1) <= 0) return;
  if (load(words, WAY) === 1) throw new Error(`died ${moment}`);
  process.exit(9);
}

function unitOf(index) {
  const isState = index >= HEADER_WORDS && (index - HEADER_WORDS) % RECORD_WORDS === STATE;
  return isState ? (index - HEADER_WORDS - STATE) / RECORD_WORDS : -1;
}

Atomics.compareExchange = (view, index, expected, value) => {
  const unit = view.buffer === control ? unitOf(index) : -1;
  const state = unit >= 0 ? value & 7 : 0;
  if (state === CLAIMED) pass('before a claim', unit);
  if (state === DONE) pass('before the end of a unit', unit);
  const found = compareExchange(view, index, expected, value);
  if (found === expected && state === CLAIMED) pass('after a claim', unit);
  if (found === expected && state === DONE) pass('after the end of a unit', unit);
  return found;
};

Atomics.wait = (view, index, value, timeout) => {
  if (view.buffer === control && index === READY) pass('while it waits for rows');
  return wait(view, index, value, timeout);
};

Atomics.load = (view, index) => {
  const value = load(view, index);
  if (view.buffer === control && index === YIELD && value === 1) pass('when it is asked to yield');
  return value;
};

export default async function runDyingTask(task) {
  if (task.type !== 'index') return runTask(task);
  try {
    control = task.control;
    pass('at the start of a task');
    const answer = await runTask(task, (unit) => {
      pass('in a unit', unit);
      // A little longer than it takes, so that other threads come to units, too.
      if (load(words, NEVER + 1) > 0) wait(words, NEVER, 0, load(words, NEVER + 1));
    });
    pass('at the end of a task');
    return answer;
  } finally {
    control = undefined;
  }
}
