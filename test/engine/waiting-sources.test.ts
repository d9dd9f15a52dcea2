/**
 * An index whose source never answers: an abort, and the end of the engine, are heard at once, while it is built from a stream and while
 * it is loaded. (Streams of an indexer: test/indexing/stream-ends.test.ts.)
 */
import { Engine, VectorIndex, type VectorSource } from 'simdex';
import { describe, expect, onTestFinished, test } from 'vitest';
import { randomMatrix, rejectionOf } from '../indexing/support.js';

const NEVER = new Promise<never>(() => undefined);
const DISPOSED = { code: 'Disposed', message: expect.stringContaining('the engine was disposed') };

/** An engine, and how a call on it is ended: by the signal, or by the end of the engine. */
function setUp() {
  const engine = new Engine({ threads: 2 });
  onTestFinished(() => engine.dispose());
  const controller = new AbortController();
  return { engine, options: { engine, signal: controller.signal }, abort: () => controller.abort('enough') };
}

/** A promise, and what resolves it. */
function announced() {
  let resolve: () => void = () => undefined;
  const asked = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { asked, resolve };
}

async function expectEnd(call: Promise<unknown>, end: 'abort' | 'dispose', system: ReturnType<typeof setUp>) {
  const rejection = rejectionOf(call);
  if (end === 'abort') {
    system.abort();
    expect(await rejection).toBe('enough');
  } else {
    const disposed = system.engine.dispose();
    expect(await rejection).toMatchObject(DISPOSED);
    await disposed;
  }
}

const ends = ['abort', 'dispose'] as const;

describe.each(ends)('%s', (end) => {
  test.each([0, 1, 3])('while the source of a build does not answer after %i chunks', async (chunks) => {
    const system = setUp();
    const { asked, resolve } = announced();
    let given = 0;
    let returned = false;
    const source: AsyncIterable<VectorSource> = {
      [Symbol.asyncIterator]: () => ({
        next() {
          if (given < chunks) return Promise.resolve({ done: false, value: randomMatrix(4000, 64, ++given) });
          resolve();
          return NEVER;
        },
        return() {
          returned = true;
          return NEVER;
        },
      }),
    };
    const building = VectorIndex.build(source, system.options);
    await asked;
    await expectEnd(building, end, system);
    expect(returned).toBe(true);
  });

  test.each([0, 1, 2, 3])('while a file is loaded that is not read on after %i pieces', async (pieces) => {
    const system = setUp();
    const index = await VectorIndex.build(randomMatrix(20_000, 64), { engine: system.engine });
    const bytes = index.toBytes();
    await index.dispose();
    const { asked, resolve } = announced();
    let given = 0;
    /** A file of a disk that falls asleep. */
    class SilentBlob extends Blob {
      override slice(first?: number, last?: number): Blob {
        const part = super.slice(first, last);
        if (given++ < pieces) return part;
        part.arrayBuffer = () => {
          resolve();
          return NEVER;
        };
        return part;
      }
    }
    const loading = VectorIndex.load(new SilentBlob([bytes]), system.options);
    await asked;
    await expectEnd(loading, end, system);
  });
});
