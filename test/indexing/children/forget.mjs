/**
 * Makes many of something, uses each and forgets it. Prints how many threads were started, and how many are left when the
 * collector has been.
 *
 * Arguments: what is forgotten (a name below), how many
 */
import { Engine, MonitoredParallelIndexer, ParallelIndexer, VectorIndex } from '../../../dist/index.node.js';

const [what, count] = [process.argv[2], Number(process.argv[3])];
const alive = new Set();
let started = 0;
process.on('worker', (worker) => {
  started++;
  alive.add(worker);
  worker.once('exit', () => alive.delete(worker));
});

const vectors = { data: new Float32Array(4000).fill(1), dims: 4 };
/** So many that an index of them needs threads. */
const many = { data: new Float32Array(400_000).fill(1), dims: 4 };
const held = [];

const uses = {
  async indexers() {
    await new MonitoredParallelIndexer(2).indexVectorsMonitored(vectors);
  },
  async engines() {
    await new Engine({ threads: 2 }).ready();
  },
  async 'sharing indexers'() {
    const engine = new Engine({ threads: 2 });
    for (let i = 0; i < 3; i++) await new ParallelIndexer(2, { engine }).indexVectors(vectors);
  },
  async indexes() {
    await VectorIndex.build(many, { metric: 'dot' });
  },
  async 'indexes with engines of their own'() {
    await VectorIndex.build(many, { metric: 'dot', threadCount: 2, maxMemoryBytes: 1e9 });
  },
  async 'sharing indexes'() {
    const engine = new Engine({ threads: 2 });
    for (let i = 0; i < 3; i++) await VectorIndex.build(many, { metric: 'dot', engine });
  },
  async 'held results'() {
    held.push(await new ParallelIndexer(2).indexVectors(vectors));
  },
};
for (let i = 0; i < count; i++) await uses[what]();

// Threads end some turns after the collector has found that nobody has them any more.
for (let turn = 0; turn < 500 && alive.size > 0; turn++) {
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const right = held.filter((result) => result.vectors.magnitudes.every((magnitude) => magnitude === 2)).length;
console.log(JSON.stringify({ started, left: alive.size, right }));
