/**
 * Uses up the file descriptors of this process, or the threads that its user may have, before some calls, and gives them
 * back: prints what became of the calls meanwhile and afterwards, and how many threads there are in the end.
 *
 * Arguments: what is lacking (descriptors, threads), and when: at the first calls (index, or build of an index), or when
 * threads died (replacement)
 */
import { closeSync, openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ParallelIndexer, VectorIndex } from '../../../dist/index.node.js';

const [lack, when] = process.argv.slice(2);
// A user of its own, so that no other process counts against its limit; root has none.
if (lack === 'threads') process.setuid(54_321);
const alive = new Set();
const idlers = new Set();
process.on('worker', (worker) => {
  if (idlers.has(worker)) return;
  alive.add(worker);
  worker.once('exit', () => alive.delete(worker));
});

const unhandled = [];
process.on('uncaughtException', (error) => unhandled.push(String(error)));

/** Take all there are but `spare`; give what lets them go. */
const uses = {
  async descriptors(spare) {
    const taken = [];
    for (;;) {
      try {
        taken.push(openSync('/dev/null'));
      } catch {
        break;
      }
    }
    for (const descriptor of taken.splice(0, spare)) closeSync(descriptor);
    return async () => {
      for (const descriptor of taken) closeSync(descriptor);
    };
  },
  async threads(spare) {
    const taken = [];
    for (;;) {
      try {
        const worker = new Worker('setInterval(() => undefined, 1e6)', { eval: true });
        idlers.add(worker);
        taken.push(worker);
      } catch {
        break;
      }
    }
    await Promise.all(taken.splice(0, spare).map((worker) => worker.terminate()));
    return () => Promise.all(taken.map((worker) => worker.terminate()));
  },
};

const vectors = { data: new Float32Array(40_000).fill(1), dims: 4 };
/** So many that building an index needs threads. */
const many = { data: new Float32Array(400_000).fill(1), dims: 4 };
async function told(work) {
  try {
    return await work();
  } catch (error) {
    return { name: error.name, code: error.code };
  }
}

const outcomes = [];
const indexer = new ParallelIndexer(3);
const index = async () => (await indexer.indexVectors(vectors)).indexedCount;
const build = async () => {
  const made = await VectorIndex.build(many, { threadCount: 2, metric: 'dot' });
  const { ids } = await made.search([1, 1, 1, 1], 2);
  await made.dispose();
  return ids.length;
};
const work = { index, build }[when] ?? index;
if (when === 'replacement') {
  await indexer.ready();
  const release = await uses[lack](0);
  await Promise.all([...alive].map((worker) => worker.terminate()));
  // Others take the place of the threads that died.
  const releaseRest = await uses[lack](0);
  outcomes.push(await told(work));
  await release();
  await releaseRest();
} else {
  const step = lack === 'threads' ? 1 : 3;
  for (let spare = 0; spare < 14 * step; spare += step) {
    const release = await uses[lack](spare);
    outcomes.push(await told(work));
    await release();
  }
}
const afterwards = await told(work);
const again = await told(work);
const threads = alive.size;
await indexer.dispose();
for (let i = 0; i < 50 && alive.size > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
console.log(JSON.stringify({ outcomes, afterwards, again, threads, left: alive.size, unhandled }));
