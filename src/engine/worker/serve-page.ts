/**
 * The worker's side of the conversation with a page: answers messages in the order in which they come.
 */
import type { CompiledKernel, KernelSource } from '../../kernel/instantiate.js';
import type { PageMessage, WorkerMessage } from '../lanes/browser/messages.js';
import type { PartAnswer, WorkerTask } from './task.js';

type StartMessage = Extract<PageMessage, { type: 'start' }>;

/** The kernels as a worker has compiled them. */
interface CompiledKernels {
  readonly kernel: CompiledKernel;
  readonly searchKernel: CompiledKernel | undefined;
}

/**
 * @param run does one task
 * @param searches whether those of searches are among them
 */
export function servePage(run: (task: WorkerTask) => PartAnswer | undefined, searches: boolean): void {
  let started: Promise<CompiledKernels> | undefined;

  addEventListener('message', async ({ data }: MessageEvent<PageMessage>) => {
    try {
      if (data.type === 'start') {
        started = start(data, searches);
        await started;
        post(data.id, undefined);
      } else {
        // The page does not wait for the answer to the first message before it sends tasks.
        const kernels = await started;
        post(data.id, run({ ...data.task, ...kernels } as WorkerTask));
      }
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      postMessage({ simdexAnswerTo: data.id, type: 'failed', error } satisfies WorkerMessage);
    }
  });
}

function post(id: number, answer: PartAnswer | undefined): void {
  const message: WorkerMessage = { simdexAnswerTo: id, type: 'done', answer };
  postMessage(message, { transfer: answer ? [answer.bytes, answer.timings.buffer] : [] });
}

async function start({ kernels, lock }: StartMessage, canSearch: boolean): Promise<CompiledKernels> {
  await holdLock(lock);
  const { kernel, searchKernel } = kernels;
  if (searchKernel && !canSearch) throw new Error('simdex/worker does not search; simdex/search-worker does');
  return { kernel: await compile(kernel), searchKernel: searchKernel && (await compile(searchKernel)) };
}

async function compile(source: KernelSource): Promise<CompiledKernel> {
  if (!('bytes' in source)) return source;
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
