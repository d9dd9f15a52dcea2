/**
 * How long the page's main thread is held while it indexes. The browser's own trace tells the processor time of every task
 * of that thread, which a busy machine does not lengthen.
 */
import { describe, expect, test } from 'vitest';
import { hasChromium } from './browser.js';
import { type PageGlobals, usePages } from './page.js';

const LONGEST_MS = 20;

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Processor time, µs. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

describe.skipIf(!hasChromium).each([true, false])('isolated: %s', (isolated) => {
  const pages = usePages({ isolated });

  test('100,000 × 384 vectors are indexed and drawn in tasks of at most 20 ms', async () => {
    const page = await pages.open();
    // The vectors are the page's own business: made before, in a task of their own.
    await page.evaluate(async () => {
      const { MonitoredParallelIndexer } = (globalThis as typeof globalThis & PageGlobals).simdex;
      const data = new Float32Array(100_000 * 384);
      for (let i = 0; i < data.length; i++) data[i] = ((i * 7919) % 1009) - 504;
      const indexer = new MonitoredParallelIndexer(2);
      await indexer.ready();
      Object.assign(globalThis, { indexer, source: { data, dims: 384 } });
    });
    await pages.browser().startTracing(page, { categories: ['toplevel', 'devtools.timeline', '__metadata'] });
    const drawn = await page.evaluate(async () => {
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
    const trace = JSON.parse((await pages.browser().stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    expect(drawn.indexed).toBe(100_000);
    expect(drawn.frames).toBeGreaterThan(0);
    const mains = trace.traceEvents.filter(
      ({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain',
    );
    const isMain = ({ pid, tid }: TraceEvent) => mains.some((main) => main.pid === pid && main.tid === tid);
    const tasks = trace.traceEvents.filter((event) => /RunTask$/.test(event.name) && isMain(event));
    expect(tasks.length).toBeGreaterThan(20);
    const longest = tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur / 1000), 0);
    expect(longest).toBeGreaterThan(0);
    expect(longest).toBeLessThan(LONGEST_MS);
  });
});
