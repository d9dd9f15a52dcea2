/**
 * How many files of the library one public call passes through on the calling thread: whoever wants to know what a call does has to
 * read no more. Counted in what was built, whose maps tell the files that its functions come from.
 */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MonitoredParallelIndexer, ParallelIndexer, VectorIndex } from 'simdex';
import { expect, test } from 'vitest';
import { randomMatrix, randomRows } from '../indexing/support.js';

const dist = new URL('../../dist/', import.meta.url).href;

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
    const files = new Set<string>();
    for (const { url, functions } of result.filter(({ url }) => url.startsWith(dist))) {
      const called = functions.flatMap(({ ranges }) => (ranges[0]!.count > 0 ? [ranges[0]!.startOffset] : []));
      for (const file of sourcesAt(fileURLToPath(url), called)) files.add(file);
    }
    return [...files].sort();
  } finally {
    await session.post('Profiler.stopPreciseCoverage');
    session.disconnect();
  }
}

/** The files of src/ that positions in a built file come from. */
function sourcesAt(path: string, positions: readonly number[]): string[] {
  const text = readFileSync(path, 'utf8');
  const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
  return positions.flatMap((position) => {
    const lines = text.slice(0, position).split('\n');
    const entry = map.findEntry(lines.length - 1, lines.at(-1)!.length);
    return 'originalSource' in entry ? [entry.originalSource.replace(/^.*\/src\//, '').replace(/\.js$/, '.ts')] : [];
  });
}

const rows = randomRows(20_000, 64);

async function smallCall() {
  const indexer = new ParallelIndexer(2);
  const one = rows.slice(0, 1);
  await indexer.indexVectors(one);
  return { call: () => indexer.indexVectors(one), end: () => indexer.dispose() };
}

async function smallMonitoredCall() {
  const indexer = new MonitoredParallelIndexer(2);
  const one = rows.slice(0, 1);
  await indexer.indexVectorsMonitored(one);
  return { call: () => indexer.indexVectorsMonitored(one), end: () => indexer.dispose() };
}

async function largeCall() {
  const indexer = new ParallelIndexer(2);
  const matrix = randomMatrix(16_384, 384);
  await indexer.indexVectors(matrix);
  return { call: () => indexer.indexVectors(matrix), end: () => indexer.dispose() };
}

async function largeMonitoredCall() {
  const indexer = new MonitoredParallelIndexer(2);
  const matrix = randomMatrix(16_384, 384);
  await indexer.indexVectorsMonitored(matrix);
  return { call: () => indexer.indexVectorsMonitored(matrix), end: () => indexer.dispose() };
}

async function search() {
  const index = await VectorIndex.build(rows, { threadCount: 2 });
  await index.search(rows[0]!, 10);
  return { call: () => index.search(rows[1]!, 10), end: () => index.dispose() };
}

async function upsert() {
  const index = await VectorIndex.build(rows, { threadCount: 2 });
  await index.upsert(rows.slice(0, 1), { ids: [7] });
  return { call: () => index.upsert(rows.slice(1, 2), { ids: [8] }), end: () => index.dispose() };
}

// What is most may be lowered; whoever raises it has a reason.
test.each([
  ['a small call', 14, smallCall],
  ['a small monitored call', 22, smallMonitoredCall],
  ['a large call', 30, largeCall],
  ['a large monitored call', 41, largeMonitoredCall],
  ['a search', 31, search],
  ['an upsert', 22, upsert],
] as const)('%s passes through at most %i files', async (_, most, setUp) => {
  const { call, end } = await setUp();
  const files = await filesOf(call);
  await end();
  expect(files.length, files.join(' ')).toBeGreaterThan(10);
  expect(files.length, files.join(' ')).toBeLessThanOrEqual(most);
});
