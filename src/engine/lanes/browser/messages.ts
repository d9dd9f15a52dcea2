/**
 * What a page and its workers say to each other. Every message of a page has an answer with its id.
 */
import type { KernelSource } from '../../../kernel/instantiate.js';
import type { PartAnswer, WorkerTask } from '../../worker/task.js';

export type PageMessage = { readonly id: number } & (
  | {
      readonly type: 'start';
      readonly kernel: KernelSource;
      /** Name of the Web Lock that the worker holds for as long as it lives; undefined where there are no locks. */
      readonly lock: string | undefined;
      /** Whether tasks will be searches, too. A worker that does not do those fails to start. */
      readonly searches: boolean;
    }
  | { readonly type: 'task'; readonly task: WithoutKernel<WorkerTask> }
);

export type WorkerMessage = { readonly simdexAnswerTo: number } & (
  | { readonly type: 'done'; readonly answer: PartAnswer | undefined }
  | { readonly type: 'failed'; readonly error: unknown }
);

/** A worker is given the kernel once, when it starts. */
export type WithoutKernel<Task> = Task extends unknown ? Omit<Task, 'kernel'> : never;

/** Foreign messages reach a page too, where the worker module is the user's. */
export function isWorkerMessage(message: unknown): message is WorkerMessage {
  return typeof message === 'object' && message !== null && 'simdexAnswerTo' in message;
}
