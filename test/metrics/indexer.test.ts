/**
 * Metrics of an indexer at work, from the package as built, and as served by the example.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PerformanceMonitor } from 'simdex';
import { prometheusContentType, prometheusText } from 'simdex/metrics';
import { expect, onTestFinished, test } from 'vitest';
import { SharedPerformanceMonitor } from '../../src/monitoring/shared-performance-monitor.js';
import { createIndexer, randomMatrix } from '../indexing/support.js';
import { bucketsOf, valuesOf } from './exposition.js';

test('counts of an indexer are those of its vectors, thread by thread, over runs, failures and resets', async () => {
  const indexer = createIndexer(2);
  const index = (count: number, data = randomMatrix(count, 16)) => indexer.indexVectorsMonitored(data);
  await index(3000);
  indexer.monitor.reset();
  await index(2000);
  await expect(index(1, { data: new Float32Array(16), dims: 16 })).rejects.toThrow('zero magnitude');
  const values = valuesOf(prometheusText(indexer));
  const ofThread = (thread: number) => values[`simdex_thread_indexed_vectors_total{thread="${thread}"}`]!;
  expect(indexer.monitor.getStats().totalIndexes).toBe(2000);
  expect(values['simdex_index_duration_seconds_count']).toBe(5000);
  expect(ofThread(0) + ofThread(1)).toBe(5000);
  expect(values['simdex_active_threads']).toBe(2);
  expect(values['simdex_busy_threads']).toBe(0);
});

test('the greatest and the least duration lie in the buckets that say so', async () => {
  const indexer = createIndexer(2);
  await indexer.indexVectorsMonitored(randomMatrix(5000, 64));
  const { minIndexTimeMs, maxIndexTimeMs } = indexer.monitor.getStats();
  for (const { le, count } of bucketsOf(prometheusText(indexer), 'simdex_index_duration_seconds')) {
    expect(count > 0).toBe(minIndexTimeMs / 1000 <= le);
    expect(count === 5000).toBe(maxIndexTimeMs / 1000 <= le);
  }
});

test('a monitor of another build of simdex is read just as well', () => {
  const monitor = new SharedPerformanceMonitor(1);
  monitor.threadMonitors[0]!.recordIndexTime(3);
  expect(valuesOf(prometheusText(monitor))['simdex_thread_indexed_vectors_total{thread="0"}']).toBe(1);
});

test('promtool finds nothing to say', async ({ skip }) => {
  if (spawnSync('promtool', ['--version']).error) skip('promtool is missing (Debian: apt-get install prometheus)');
  const indexer = createIndexer(2);
  await indexer.indexVectorsMonitored(randomMatrix(5000, 64));
  indexer.monitor.recordQueryTimes([0, 0.5, 20]);
  const text = prometheusText(indexer) + prometheusText(new PerformanceMonitor(), { prefix: 'other_' });
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  const unfit = text.replaceAll('_total', '');
  expect(spawnSync('promtool', ['check', 'metrics'], { input: unfit }).status).not.toBe(0);
});

test('the example serves them to who asks for /metrics', async () => {
  const example = fileURLToPath(new URL('../../examples/serve-metrics.mjs', import.meta.url));
  const server = spawn(process.execPath, [example, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
  });
  const [line] = await once(server.stdout.setEncoding('utf8'), 'data');
  const url = line.trim();
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe(prometheusContentType);
  expect(valuesOf(await response.text())['simdex_index_duration_seconds_count']).toBe(10_000);
  expect((await fetch(new URL('/', url))).status).toBe(404);
});
