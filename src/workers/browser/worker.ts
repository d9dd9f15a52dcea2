/**
 * The module that runs in every Web Worker (`simdex/worker`). It answers the page's messages in the order in which they
 * come.
 */
import type { CompiledKernel, KernelSource } from '../../kernel/instantiate.js';
import type { BatchListener } from '../claim-loop.js';
import { runTask } from '../run-task.js';
import type { IndexerTask, PartAnswer } from '../task.js';
import type { PageMessage, WorkerMessage } from './messages.js';

let started: Promise<CompiledKernel> | undefined;
let onBatch: BatchListener | undefined;

/** For worker modules of your own that import this one: called with every batch that this worker claims. */
export default function watchBatches(listener: BatchListener): void {
  onBatch = listener;
}

addEventListener('message', async ({ data }: MessageEvent<PageMessage>) => {
  try {
    if (data.type === 'start') {
      started = start(data.kernel, data.lock);
      await started;
      post(data.id, undefined);
    } else {
      const kernel = await started;
      post(data.id, runTask({ ...data.task, kernel } as IndexerTask, onBatch));
    }
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    postMessage({ simdexAnswerTo: data.id, type: 'failed', error } satisfies WorkerMessage);
  }
});

function post(id: number, answer: PartAnswer | undefined): void {
  const message: WorkerMessage = { simdexAnswerTo: id, type: 'done', answer };
  postMessage(message, { transfer: answer ? [answer.bytes, answer.timings.buffer] : [] });
}

async function start(kernel: KernelSource, lock: string | undefined): Promise<CompiledKernel> {
  await holdLock(lock);
  return compile(kernel);
}

async function compile(source: KernelSource): Promise<CompiledKernel> {
  if (source.backend === 'javascript') return source;
  return { backend: source.backend, module: await WebAssembly.compile(source.bytes) };
}

/** Resolves when the lock is held; nothing but the end of the worker gives it back. */
function holdLock(name: string | undefined): Promise<void> {
  if (name === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const untilTheEnd = () => {
      resolve();
      return new Promise<never>(() => undefined);
    };
    // Frames without an origin have locks, but are refused them: then nobody holds it.
    navigator.locks.request(name, untilTheEnd).catch(() => resolve());
  });
}
