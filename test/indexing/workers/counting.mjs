/**
 * A worker module that counts what a thread reads of the clock and writes into the control block of its run. The test
 * holds the other end of the counts; see monitoring-cost.test.ts.
 */
import { getEnvironmentData } from 'node:worker_threads';
import runTask from '../../../dist/worker.node.js';

const [CLOCK_READS, TIME_STORES, WORD_STORES, CLAIMS, ENDS] = [0, 1, 2, 3, 4];
/** Words of the header; behind it are the records, in which a state word holds the state in its low three bits. */
const HEADER_WORDS = 16;
const [CLAIMED, DONE] = [1, 2];
const counts = new Int32Array(getEnvironmentData('simdex test counts'));
const { add } = Atomics;
const count = (what) => add(counts, what, 1);

/** Control block of the run this thread takes part in. */
let control;
/** What stands behind the views on it. */
const behind = new WeakMap();

for (const clock of [performance, Date]) {
  const now = clock.now.bind(clock);
  clock.now = () => {
    count(CLOCK_READS);
    return now();
  };
}

for (const [name, stores] of Object.entries({
  Float64Array: TIME_STORES,
  Float32Array: TIME_STORES,
  Int32Array: WORD_STORES,
  Uint32Array: WORD_STORES,
})) {
  globalThis[name] = new Proxy(globalThis[name], {
    construct(View, args) {
      const view = new View(...args);
      return args[0] === control ? counted(view, stores) : view;
    },
  });
}

function counted(view, stores) {
  const proxy = new Proxy(view, {
    get: (target, property) => target[property],
    set(target, property, value) {
      count(stores);
      target[property] = value;
      return true;
    },
  });
  behind.set(proxy, view);
  return proxy;
}

for (const name of ['load', 'store', 'add', 'compareExchange', 'wait', 'notify']) {
  const operation = Atomics[name];
  Atomics[name] = (view, ...args) => {
    const counting = behind.has(view);
    if (counting && name === 'store') count(WORD_STORES);
    const result = operation(behind.get(view) ?? view, ...args);
    const [index, expected, value] = args;
    if (counting && name === 'compareExchange' && index >= HEADER_WORDS && result === expected) {
      if ((value & 7) === CLAIMED) count(CLAIMS);
      if ((value & 7) === DONE) count(ENDS);
    }
    return result;
  };
}

export default function runCounted(task) {
  control = task.control;
  return runTask(task);
}
