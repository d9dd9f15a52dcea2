/**
 * Uses up the file descriptors of this process, or the threads its user may have, before some calls, and gives them back: prints
 * what became of the calls meanwhile and afterwards, and how many threads there are in the end.
 *
 * Arguments: what is lacking (descriptors, threads), and when (start: before the first thread, replacement: when one died)
 */
import { closeSync, openSync } from 'node:fs';
import { ParallelIndexer, VectorIndex } from '../../../dist/index.node.js';

const [lack, when] = process.argv.slice(2);
const alive = new Set();
process.on('worker', (worker) => {
  alive.add(worker);
  worker.once('exit', () => alive.delete(worker));
});

const unhandled = [];
process.on('uncaughtException', (error) => unhandled.push(String(error)));

/** Takes all there are but `spare`; gives what lets them go. */
const uses = {
  descriptors(spare) {
    const taken = [];
    for (;;) {
      try {
        taken.push(openSync('/dev/null'));
      } catch {
        break;
      }
    }
    for (const descriptor of taken.splice(0, spare)) closeSync(descriptor);
    return () => {
      for (const descriptor of taken) closeSync(descriptor);
    };
  },
};

const vectors = { data: new Float32Array(40_000).fill(1), dims: 4 };
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
  const made = await VectorIndex.build(vectors, { threadCount: 2, metric: 'dot' });
  const { ids } = await made.search([1, 1, 1, 1], 2);
  await made.dispose();
  return ids.length;
};
const work = { index, build }[when] ?? index;
if (when === 'replacement') {
  await indexer.ready();
  const release = uses[lack](0);
  await Promise.all([...alive].map((worker) => worker.terminate()));
  outcomes.push(await told(work));
  release();
} else {
  for (let spare = 0; spare < 40; spare += 3) {
    const release = uses[lack](spare);
    outcomes.push(await told(work));
    release();
  }
}
const afterwards = await told(work);
const again = await told(work);
const threads = alive.size;
await indexer.dispose();
for (let i = 0; i < 50 && alive.size > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
console.log(JSON.stringify({ outcomes, afterwards, again, threads, left: alive.size, unhandled }));
