/**
 * How many files of the library one public call passes through on the calling thread: whoever wants to know what a call does has to
 * read no more.
 */
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { MonitoredParallelIndexer, ParallelIndexer, VectorIndex } from '../../src/index.node.js';
import { randomMatrix, randomRows } from '../indexing/support.js';

const source = fileURLToPath(new URL('../../src/', import.meta.url));
const worker = new URL('../../dist/worker.node.js', import.meta.url);

/** Files of the library in which a function was called by `work`. */
async function filesOf(work: () => Promise<unknown>): Promise<string[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  try {
    await session.post('Profiler.takePreciseCoverage');
    await work();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const called = result.filter(({ functions }) => functions.some(({ ranges }) => ranges[0]!.count > 0));
    const paths = called.map(({ url }) => (url.startsWith('file:') ? fileURLToPath(url) : url));
    return [...new Set(paths)].flatMap((path) => (path.startsWith(source) ? [path.slice(source.length)] : [])).sort();
  } finally {
    await session.post('Profiler.stopPreciseCoverage');
    session.disconnect();
  }
}

const rows = randomRows(2000, 64);

async function smallMonitoredCall() {
  const indexer = new MonitoredParallelIndexer(2, {}, { worker });
  const few = rows.slice(0, 3);
  await indexer.indexVectorsMonitored(few);
  return { call: () => indexer.indexVectorsMonitored(few), end: () => indexer.dispose() };
}

async function largeCall() {
  const indexer = new ParallelIndexer(2, { worker });
  const matrix = randomMatrix(20_000, 64);
  await indexer.indexVectors(matrix);
  return { call: () => indexer.indexVectors(matrix), end: () => indexer.dispose() };
}

async function search() {
  const index = await VectorIndex.build(rows, { threadCount: 2, worker });
  await index.search(rows[0]!, 10);
  return { call: () => index.search(rows[1]!, 10), end: () => index.dispose() };
}

async function upsert() {
  const index = await VectorIndex.build(rows, { threadCount: 2, worker });
  await index.upsert(rows.slice(0, 1), { ids: [7] });
  return { call: () => index.upsert(rows.slice(1, 2), { ids: [8] }), end: () => index.dispose() };
}

// What is most may be lowered; whoever raises it has a reason.
test.each([
  ['a small monitored call', 25, smallMonitoredCall],
  ['a large call', 48, largeCall],
  ['a search', 30, search],
  ['an upsert', 25, upsert],
] as const)('%s passes through at most %i files', async (_, most, setUp) => {
  const { call, end } = await setUp();
  const files = await filesOf(call);
  await end();
  expect(files.length, files.join(' ')).toBeGreaterThan(10);
  expect(files.length, files.join(' ')).toBeLessThanOrEqual(most);
});
