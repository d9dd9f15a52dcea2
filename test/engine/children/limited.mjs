/**
 * Indexes in a process that lacks something, in all ways that a caller may: prints what became of each call, and what the
 * logger heard.
 *
 * Arguments: the kernel asked for; calls of how many rows
 */
import { Engine, ParallelIndexer, VectorIndex } from '../../../dist/index.node.js';

const kernel = process.argv[2];
const sizes = process.argv.slice(3).map(Number);
const DIMS = 16;
const warnings = [];
const logger = { info: () => undefined, warn: (line) => warnings.push(line) };
const engine = new Engine({ threads: 2, logger, kernel });
const indexer = new ParallelIndexer(2, { engine });

const rows = (count) => Array.from({ length: count }, (_, i) => new Float32Array(DIMS).fill(i + 1));

/** Whether row i has the length of DIMS times i + 1. */
const areRight = ({ magnitudes }) => magnitudes.every((magnitude, i) => Math.abs(magnitude / (4 * (i + 1)) - 1) < 1e-6);

async function told(work) {
  try {
    return await work();
  } catch (error) {
    return { code: error.code, message: error.message };
  }
}

const inPlace = await told(async () => {
  const matrix = indexer.allocate(1000, DIMS);
  for (let i = 0; i < 1000; i++) matrix.data.fill(i + 1, i * DIMS, (i + 1) * DIMS);
  const { vectors } = await indexer.indexVectors(matrix, { inPlace: true });
  return areRight(vectors);
});
const calls = [];
for (const size of sizes) {
  calls.push(await told(async () => areRight((await indexer.indexVectors(rows(size))).vectors)));
}
const search = await told(async () => {
  const index = await VectorIndex.build(rows(2000), { threadCount: 2, metric: 'dot' });
  const hits = await index.search(new Float32Array(DIMS).fill(1), 3);
  await index.dispose();
  return hits.ids;
});
// Fits into no process that may have 8 GB of address space.
const tooLarge = await told(() => indexer.allocate(60_000_000, DIMS).count);
const { backend } = engine;
await engine.dispose();
console.log(JSON.stringify({ inPlace, calls, search, tooLarge, warnings, backend }));
