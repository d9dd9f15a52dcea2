/**
 * Streams whose chunks are overwritten: matrices from `allocate`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MonitoredParallelIndexer, type RowRange, type VectorMatrix } from 'simdex';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { failAtBatch, failNowhere, faultyWorker } from './fault.js';
import { chunkOf, DIMS, drain, LARGE, magnitudeOf } from './stream-chunks.js';
import { allocatedFor } from './support.js';

let indexer: MonitoredParallelIndexer;
beforeAll(async () => {
  indexer = new MonitoredParallelIndexer(2);
  await indexer.ready();
});
afterAll(() => indexer.dispose());

test('results lie in the chunks themselves, whose memory serves the next ones', async () => {
  const buffers = new Set<ArrayBufferLike>();
  function* allocated(count: number) {
    for (let chunk = 0; chunk < count; chunk++) {
      const matrix = allocatedFor(indexer, chunkOf(chunk));
      buffers.add(matrix.data.buffer);
      yield matrix;
    }
  }
  let chunk = 0;
  for await (const { vectors } of indexer.indexStream(allocated(20), { order: 'original', inPlace: true })) {
    await sleep(2);
    expect(buffers).toContain(vectors.matrix.data.buffer);
    for (const row of [0, 1, LARGE - 1]) {
      const expected = magnitudeOf(chunk, row);
      const { magnitude, normalized } = vectors.get(row)!;
      expect(Math.abs(magnitude / expected - 1)).toBeLessThan(1e-6);
      expect(Math.abs((normalized[0]! * expected) / (chunk + 1) - 1)).toBeLessThan(1e-6);
    }
    chunk++;
  }
  expect(chunk).toBe(20);
  // One consumed, one indexed, one read, and one that is being handed back.
  expect(buffers.size).toBeLessThanOrEqual(4);
});

test('a stream without chunks has a report', async () => {
  const stream = indexer.indexStream([], { inPlace: true });
  expect(await drain(stream)).toBe(0);
  expect(stream.performanceReport.totalVectors).toBe(0);
});

test('a chunk from elsewhere is refused', async () => {
  await expect(drain(indexer.indexStream([chunkOf(0), chunkOf(1)], { inPlace: true }))).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    message: expect.stringContaining('inPlace needs a source from allocate of the same indexer'),
  });
});

test('rows of a thread that died are restored in the chunk they were in', async () => {
  const faulty = new MonitoredParallelIndexer(2, {}, { worker: faultyWorker });
  onTestFinished(() => faulty.dispose());
  onTestFinished(failNowhere);
  const chunks: VectorMatrix[] = [];
  function* allocated(count: number) {
    for (let chunk = 0; chunk < count; chunk++) {
      const matrix = allocatedFor(faulty, chunkOf(chunk));
      chunks.push(matrix);
      yield matrix;
    }
  }
  const restored: number[] = [];
  const restore = ({ first, last }: RowRange, matrix: VectorMatrix) => {
    const chunk = chunks.indexOf(matrix);
    restored.push(chunk);
    matrix.data.set(chunkOf(chunk).data.subarray(first * DIMS, last * DIMS), first * DIMS);
  };
  failAtBatch('process.exit', 3);
  let chunk = 0;
  for await (const { vectors } of faulty.indexStream(allocated(5), { batchSize: 100, inPlace: true, restore })) {
    for (let row = 0; row < LARGE; row++) {
      expect(Math.abs(vectors.magnitudes[row]! / magnitudeOf(chunk, row) - 1)).toBeLessThan(1e-6);
    }
    // The next chunk may be under way already.
    if (++chunk === 2) failAtBatch('process.exit', 3);
  }
  expect(restored.length).toBeGreaterThanOrEqual(2);
  expect(faulty.monitor.getStats().totalIndexes).toBe(5 * LARGE);
});
