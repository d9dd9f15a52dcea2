/**
 * A stream whose source never answers: an abort, and the end of the indexer or of the engine, are heard at once.
 */
import { Engine, MonitoredParallelIndexer, type VectorSource } from 'simdex';
import { expect, onTestFinished, test } from 'vitest';
import { chunkOf, LARGE } from './stream-chunks.js';
import { rejectionOf } from './support.js';

const STEPS = ['first', 'second', 'last'] as const;
const DISPOSED = { code: 'Disposed', message: expect.stringContaining('was disposed; make a new one') };

/** Gives `chunks` chunks, and then never answers. */
function silentAfter(chunks: number) {
  const state = { asked: 0, returned: false };
  const source: AsyncIterable<VectorSource> = {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        state.asked++ < chunks
          ? Promise.resolve({ done: false as const, value: chunkOf(state.asked - 1) })
          : new Promise(() => undefined),
      // As of a generator: while it is asked for a chunk, it answers nothing else.
      return: () => {
        state.returned = true;
        return state.asked > chunks ? new Promise(() => undefined) : Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  return { state, source };
}

function setUp() {
  const engine = new Engine({ threads: 2 });
  onTestFinished(() => engine.dispose());
  return { engine, indexer: new MonitoredParallelIndexer(2, {}, { engine }) };
}

const ends = {
  abort: ({ controller }: { controller: AbortController }) => controller.abort('enough'),
  'dispose of the indexer': ({ indexer }: { indexer: MonitoredParallelIndexer }) => indexer.dispose(),
  'dispose of the engine': ({ engine }: { engine: Engine }) => engine.dispose(),
};
const cases = Object.keys(ends).flatMap((end) => STEPS.map((step) => [end as keyof typeof ends, step] as const));

test.each(cases)('%s while the source does not answer at the %s step', async (end, step) => {
  const { engine, indexer } = setUp();
  const controller = new AbortController();
  const given = STEPS.indexOf(step);
  const { state, source } = silentAfter(given);
  const steps = indexer.indexStream(source, { signal: controller.signal })[Symbol.asyncIterator]();
  for (let i = 0; i < given; i++) expect((await steps.next()).value?.indexedCount).toBe(LARGE);
  const waiting = rejectionOf(steps.next());
  while (state.asked <= given) await new Promise((resolve) => setImmediate(resolve));
  const ended = ends[end]({ controller, indexer, engine });
  if (end === 'abort') expect(await waiting).toBe('enough');
  else expect(await waiting).toMatchObject(DISPOSED);
  await ended;
  expect(state.returned).toBe(true);
  expect(await steps.next()).toEqual({ done: true, value: undefined });
});

test('the end of an indexer between two steps is heard at the next one', async () => {
  const { engine, indexer } = setUp();
  for (const end of [indexer, engine]) {
    const other = end === indexer ? indexer : new MonitoredParallelIndexer(2, {}, { engine });
    const steps = other.indexStream(silentAfter(3).source)[Symbol.asyncIterator]();
    await steps.next();
    await end.dispose();
    expect(await rejectionOf(steps.next())).toMatchObject(DISPOSED);
  }
});

test('a stream that is asked for after the end rejects at its first step', async () => {
  const { indexer } = setUp();
  await indexer.dispose();
  const steps = indexer.indexStream(silentAfter(0).source)[Symbol.asyncIterator]();
  expect(await rejectionOf(steps.next())).toMatchObject(DISPOSED);
});
