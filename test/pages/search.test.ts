/**
 * Searches in pages: which workers take part, and what becomes of those that cannot.
 */
import { expect, test } from 'vitest';
import { createIndex, environment, turn } from '../common/environment.js';
import { expectBest, rank } from '../search/reference.js';
import { positions, randomRows } from '../search/support.js';

const DIMS = 96;
const rows = randomRows(6000, DIMS);
const queries = randomRows(24, DIMS, 2);
const rankings = queries.map((query) => rank(rows, positions(rows.length), query, 'cosine'));
const url = (name: string) => new URL(name, location.href);
const own = url('/dist/search-worker.browser.js');
const SLICES = 'Searches run on the calling thread, in slices';

const { shared } = environment.backend;

/** What the browser calls this page among the holders of locks. */
const page = navigator.locks.request('this page', async () => {
  const { held } = await navigator.locks.query();
  return held!.find(({ name }) => name === 'this page')!.clientId;
});

/**
 * The library's workers that live now: each holds a lock. When one has ended, the page itself holds its lock for a moment, and the
 * browser may hear later that it let go.
 */
async function liveWorkers(): Promise<number> {
  const own = await page;
  const { held } = await navigator.locks.query();
  return held!.filter(({ name, clientId }) => name!.startsWith('simdex worker') && clientId !== own).length;
}

function listener() {
  const warnings: string[] = [];
  return { warnings, logger: { info: () => undefined, warn: (message: string) => warnings.push(message) } };
}

async function expectRightHits(index: Awaited<ReturnType<typeof createIndex>>): Promise<void> {
  for (const [i, hits] of (await index.searchBatch(queries, 5)).entries()) expectBest(hits, rankings[i]!, 5);
}

test('an index has as many workers as threads while it lives, once there is work for them', async () => {
  const small = await createIndex(rows.slice(0, 50));
  await small.search(queries[0]!, 5);
  expect(await liveWorkers()).toBe(0);
  await small.dispose();
  const index = await createIndex(rows);
  expect(await liveWorkers()).toBe(shared ? 2 : 0);
  await index.searchBatch(queries, 5);
  expect(await liveWorkers()).toBe(shared ? 2 : 0);
  await index.searchBatch(queries, 5);
  expect(await liveWorkers()).toBe(shared ? 2 : 0);
  await index.dispose();
  expect(await liveWorkers()).toBe(0);
});

test('dispose leaves no worker, however far a search is', async () => {
  for (let turns = 0; turns < 6; turns++) {
    const index = await createIndex(rows);
    const search = index.searchBatch(queries, 5).catch((reason) => reason);
    for (let i = 0; i < turns; i++) await turn();
    await index.dispose();
    await search;
    expect(await liveWorkers()).toBe(0);
  }
});

test.skipIf(!shared)('workers claim every block of a search, each once: the calling thread searches none', async () => {
  const claimed: number[] = [];
  const worker = () => {
    const made = new Worker(url('/test/pages/workers/counting-search.js'), { type: 'module' });
    made.addEventListener('message', ({ data }) => {
      if ('claimed' in data) claimed.push(data.claimed);
    });
    return made;
  };
  const index = await createIndex(rows, { worker });
  claimed.length = 0;
  await expectRightHits(index);
  expect(claimed.length).toBeGreaterThan(20);
  expect(claimed.sort((a, b) => a - b)).toEqual(positions(claimed.length));
});

test.skipIf(!shared)('worker: a URL, a string, or a function that gives a Worker that searches', async () => {
  let made = 0;
  const factory = () => {
    made++;
    return new Worker(own, { type: 'module' });
  };
  for (const worker of [own, own.href, factory]) {
    const { warnings, logger } = listener();
    const index = await createIndex(rows, { worker, logger });
    await expectRightHits(index);
    expect(index.backend).toMatchObject({ shared: true, threads: 2 });
    expect(warnings).toEqual([]);
  }
  // They do all that an index has to do.
  expect(made).toBe(2);
});

test.skipIf(!shared)(
  'a worker that only indexes leaves searches to the calling thread, and is told of once',
  async () => {
    const { warnings, logger } = listener();
    const index = await createIndex(rows, { worker: url('/dist/worker.browser.js'), logger });
    await expectRightHits(index);
    await expectRightHits(index);
    expect(warnings).toEqual([`${SLICES}: simdex/worker does not search; simdex/search-worker does`]);
    expect(index.backend).toMatchObject({ shared: false, threads: 1 });
    expect(await liveWorkers()).toBe(0);
  },
);

test.skipIf(!shared).each(['missing.js', 'throws.js'])(
  'a worker that fails to start (%s) leaves searches to the calling thread, and is told of once',
  async (name) => {
    const { warnings, logger } = listener();
    // So few rows are indexed without a worker.
    const few = randomRows(10, 4096);
    const index = await createIndex(few, { worker: url(`/test/pages/workers/${name}`), logger });
    const many = randomRows(40, 4096, 2);
    for (let round = 0; round < 2; round++) {
      for (const [i, hits] of (await index.searchBatch(many, 3)).entries()) {
        expectBest(hits, rank(few, positions(10), many[i]!, 'cosine'), 3);
      }
    }
    expect(warnings).toEqual([expect.stringContaining(`${SLICES}: `)]);
    expect(warnings[0]).toContain(name === 'missing.js' ? name : 'thrown while it loads');
  },
);

/** The library's worker; those made once `doomed` is set end themselves at their first search, so many of them. */
function mortalWorkers() {
  const state = { doomed: 0 };
  const worker = () => {
    const name = state.doomed-- > 0 ? 'doomed' : 'spared';
    return new Worker(url('/test/pages/workers/doomed-search.js'), { type: 'module', name });
  };
  return { state, worker };
}

test.skipIf(!shared)('a worker that ends during a search is replaced, and the hits are right', async () => {
  const { warnings, logger } = listener();
  const { state, worker } = mortalWorkers();
  state.doomed = 1;
  const index = await createIndex(rows, { worker, logger });
  await expectRightHits(index);
  expect(warnings).toEqual(['Thread 0 died during a search and is replaced (the worker ended without a word)']);
  await expectRightHits(index);
  expect(await liveWorkers()).toBe(2);
});

test.skipIf(!shared)('workers that end again and again are told, and the index stays usable', async () => {
  const { state, worker } = mortalWorkers();
  state.doomed = 1000;
  const index = await createIndex(rows, { worker });
  await expect(index.searchBatch(queries, 5)).rejects.toMatchObject({
    code: 'ThreadPanic',
    message: expect.stringMatching(/^Thread [01] panicked during search: /),
  });
  state.doomed = 0;
  await expectRightHits(index);
});
