/**
 * What a page and its workers say to each other. Every message of a page has an answer with its id.
 */

import type { PartAnswer, WorkerTask } from '../../worker/task.js';
import type { PoolKernels } from '../platform.js';

export type PageMessage = { readonly id: number } & (
  | {
      readonly type: 'start';
      /** With a search kernel, tasks will be searches, too. A worker that does not do those fails to start. */
      readonly kernels: PoolKernels;
      /** Name of the Web Lock that the worker holds for as long as it lives; undefined where there are no locks. */
      readonly lock: string | undefined;
    }
  | { readonly type: 'task'; readonly task: WithoutKernel<WorkerTask> }
);

export type WorkerMessage = { readonly simdexAnswerTo: number } & (
  | { readonly type: 'done'; readonly answer: PartAnswer | undefined }
  | { readonly type: 'failed'; readonly error: unknown }
);

/** A worker is given the kernels once, when it starts. */
export type WithoutKernel<Task> = Task extends unknown ? Omit<Task, 'kernel' | 'searchKernel'> : never;

/** Foreign messages reach a page too, where the worker module is the user's. */
export function isWorkerMessage(message: unknown): message is WorkerMessage {
  return typeof message === 'object' && message !== null && 'simdexAnswerTo' in message;
}
