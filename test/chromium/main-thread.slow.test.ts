/**
 * How long the page's main thread is held while it indexes and searches. Work is done in slices of some milliseconds by the clock, so what
 * counts is how much is done between two looks at it. Here the clock leaps, so that every look ends a slice: the browser's own trace then
 * tells the processor time of each such piece, which is a small part of what is allowed.
 */
import type { Page } from 'playwright';
import type { VectorIndex } from 'simdex';
import { describe, expect, test } from 'vitest';
import { hasChromium } from './browser.js';
import { type PageGlobals, usePages } from './page.js';

/** What browsers call a long task. A trace costs time of its own, and so does code that was not compiled yet. */
const LONGEST_MS = 50;

const LEAPING_CLOCK = `
  const now = performance.now.bind(performance);
  let leaps = 0;
  performance.now = () => now() + 10 * leaps++;`;

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Processor time, µs. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Processor time of every task, in ms, of the page's main thread and of its workers. */
interface Tasks {
  readonly main: readonly number[];
  readonly workers: readonly number[];
}

async function traced<T>(page: Page, work: () => Promise<T>): Promise<{ readonly result: T; readonly tasks: Tasks }> {
  const browser = page.context().browser()!;
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', '__metadata'] });
  const result = await work();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const timesOf = (threadName: string) => {
    const isNamed = ({ name, args }: TraceEvent) => name === 'thread_name' && args.name === threadName;
    const threads = new Set(trace.traceEvents.filter(isNamed).map(({ pid, tid }) => `${pid} ${tid}`));
    return trace.traceEvents
      .filter(({ name, pid, tid }) => /RunTask$/.test(name) && threads.has(`${pid} ${tid}`))
      .map(({ tdur = 0 }) => tdur / 1000);
  };
  return { result, tasks: { main: timesOf('CrRendererMain'), workers: timesOf('DedicatedWorker thread') } };
}

function expectShortTasks({ main }: Tasks): void {
  expect(main.length).toBeGreaterThan(20);
  const longest = Math.max(...main);
  expect(longest).toBeGreaterThan(0);
  expect(longest).toBeLessThan(LONGEST_MS);
}

const sum = (times: readonly number[]) => times.reduce((all, time) => all + time, 0);

describe.skipIf(!hasChromium).each([true, false])('isolated: %s', (isolated) => {
  const pages = usePages({ isolated });

  test('100,000 × 384 vectors are indexed and drawn in pieces, none of them a long task', async () => {
    const page = await pages.open(LEAPING_CLOCK);
    // The vectors are the page's own business: made before, in a task of their own.
    await page.evaluate(async () => {
      const { MonitoredParallelIndexer } = (globalThis as typeof globalThis & PageGlobals).simdex;
      const data = new Float32Array(100_000 * 384);
      for (let i = 0; i < data.length; i++) data[i] = ((i * 7919) % 1009) - 504;
      const indexer = new MonitoredParallelIndexer(2);
      await indexer.ready();
      Object.assign(globalThis, { indexer, source: { data, dims: 384 } });
    });
    const index = () =>
      page.evaluate(async () => {
        const { indexer, source } = globalThis as typeof globalThis & {
          indexer: InstanceType<PageGlobals['simdex']['MonitoredParallelIndexer']>;
          source: { data: Float32Array; dims: number };
        };
        const context = document.querySelector('canvas')!.getContext('2d')!;
        const bar = document.querySelector('progress')!;
        let processed = 0;
        let running = true;
        let frames = 0;
        const draw = () => {
          bar.value = processed / 1000;
          context.fillRect(frames % 300, 0, 1, processed / 1000);
          frames++;
          if (running) requestAnimationFrame(draw);
        };
        requestAnimationFrame(draw);
        const result = await indexer.indexVectorsMonitored(source, {
          onProgress: (progress) => {
            processed = progress.processed;
          },
        });
        running = false;
        return { indexed: result.indexedCount, frames };
      });
    const { result, tasks } = await traced(page, index);
    expect(result.indexed).toBe(100_000);
    expect(result.frames).toBeGreaterThan(0);
    expectShortTasks(tasks);
  });

  test('50,000 × 256 vectors are searched in pieces, none of them a long task, where there is shared memory by workers', async () => {
    const page = await pages.open(LEAPING_CLOCK);
    await page.evaluate(async () => {
      const { VectorIndex } = (globalThis as typeof globalThis & PageGlobals).simdex;
      const data = new Float32Array(50_000 * 256);
      for (let i = 0; i < data.length; i++) data[i] = ((i * 7919) % 1009) - 504;
      const index = await VectorIndex.build({ data, dims: 256 }, { threadCount: 2 });
      const queries = { data: data.slice(0, 200 * 256), dims: 256 };
      // Once for the compiler.
      await index.searchBatch(queries, 10);
      Object.assign(globalThis, { index, queries });
    });
    const search = () =>
      page.evaluate(async () => {
        const { index, queries } = globalThis as typeof globalThis & {
          index: VectorIndex;
          queries: { data: Float32Array; dims: number };
        };
        let found = 0;
        for (let round = 0; round < 3; round++) found += (await index.searchBatch(queries, 10)).length;
        return found;
      });
    const searchWorkers = () =>
      page.workers().filter((worker) => worker.url().endsWith('/dist/search-worker.browser.js'));
    expect(searchWorkers().length).toBe(isolated ? 2 : 0);
    const { result, tasks } = await traced(page, search);
    expect(result).toBe(600);
    expectShortTasks(tasks);
    if (isolated) expect(sum(tasks.workers)).toBeGreaterThan(5 * sum(tasks.main));
    await page.evaluate(() => (globalThis as typeof globalThis & { index: VectorIndex }).index.dispose());
    // The browser tells of their end a little later.
    await expect.poll(() => page.workers()).toEqual([]);
  });
});
