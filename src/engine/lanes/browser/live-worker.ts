/**
 * One Web Worker from its start to its end. It starts from a URL, or from code that is text.
 *
 * A worker that ends itself, or is ended by others, sends no event. But it holds a Web Lock for as long as it lives: when
 * the page gets that lock, the worker is gone. Pages that are not a secure context have no locks. There, only an uncaught
 * error shows that a worker ended.
 */

import type { AnswerTo, PartAnswer, WorkerTask } from '../../worker/task.js';
import type { PoolOptions } from '../platform.js';
import { TaskNotBegun, WorkersUnavailable } from '../worker-pool.js';
import { isWorkerMessage, type PageMessage, type WithoutKernel } from './messages.js';

/** How to start a worker. */
export interface WorkerStart {
  /** Starts the worker; may throw. */
  readonly create: () => Worker;
  /** What messages call its module: a URL where there is one. */
  readonly from: string;
  /** Another way, for pages where the module is not to be had. */
  readonly whereMissing?: () => Promise<WorkerStart>;
  /** Another way, for pages of another origin than the module's. */
  readonly whereForeign?: () => Promise<WorkerStart>;
}

/** The worker's module could not be loaded. */
export class WorkerNotLoaded extends Error {}

/** The worker's module is of another origin than the page. */
export class WorkerForeign extends WorkersUnavailable {}

/** Longest time from a worker's start to the answer to its first message, in milliseconds. */
const START_DEADLINE_MS = 10_000;
/** A worker that computes and is ended is gone within two seconds in Chromium. */
const END_DEADLINE_MS = 3000;

const START_ID = 0;

interface PendingAnswer {
  resolve(answer: PartAnswer | undefined): void;
  reject(reason: unknown): void;
}

export class LiveWorker {
  /** Resolves when it has answered its first message; rejects when it never will. */
  readonly ready: Promise<void>;
  readonly #worker: Worker | undefined;
  readonly #lock = lockName();
  /** Awaited answers in the order of their tasks. The worker does the first task. */
  readonly #pending = new Map<number, PendingAnswer>();
  #lastId = START_ID;
  #load = 0;
  #end: Promise<void> | undefined;

  constructor({ create, from }: WorkerStart, { kernels }: Pick<PoolOptions, 'kernels'>) {
    const policy = watchWorkerPolicy();
    const deadline = setTimeout(() => {
      const seconds = START_DEADLINE_MS / 1000;
      this.#endFor(new Error(`the worker (${from}) did not answer its first message within ${seconds} s`));
    }, START_DEADLINE_MS);
    try {
      this.#worker = create();
      this.#worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => this.#take(data));
      this.#worker.addEventListener('error', (event) => {
        // Callers that wait for the worker get the error. The page's own error event is not needed as well.
        event.preventDefault();
        this.#endFor(policy.violation() ?? errorOf(event, from));
      });
      this.#worker.addEventListener('messageerror', () => {
        this.#endFor(new Error(`an answer of the worker (${from}) could not be read`));
      });
      this.ready = this.#post({ type: 'start', kernels, lock: this.#lock, id: START_ID }, []).then(() =>
        this.#watchLock(),
      );
    } catch (error) {
      this.ready = Promise.reject(explain(error));
    }
    this.ready
      .catch((error: Error) => this.#endFor(error))
      .finally(() => {
        clearTimeout(deadline);
        policy.stop();
      });
  }

  get isAlive(): boolean {
    return this.#end === undefined;
  }

  /** Number of tasks that it was given and has not answered. */
  get load(): number {
    return this.#load;
  }

  async run<Task extends WorkerTask>(whole: Task): Promise<AnswerTo<Task>> {
    this.#load++;
    try {
      // Its end is noticed from then on: one that ended at a task sent before would be waited for until the deadline.
      await this.ready.catch((cause: Error) => {
        throw new TaskNotBegun(cause.message);
      });
      if (!this.isAlive) throw new TaskNotBegun('the worker ended');
      const { kernel: _, searchKernel: __, ...task } = { kernel: undefined, searchKernel: undefined, ...whole };
      const message = { type: 'task', task: task as WithoutKernel<WorkerTask>, id: ++this.#lastId } as const;
      const answer = this.#post(message, message.task.type === 'part' ? [message.task.bytes] : []);
      return (await answer) as AnswerTo<Task>;
    } finally {
      this.#load--;
    }
  }

  /** Ends the worker; resolves when it is gone or has been given up. */
  terminate(): Promise<void> {
    return this.#endFor(new Error('the worker was ended'));
  }

  #endFor(cause: Error): Promise<void> {
    this.#end ??= this.#terminate(cause);
    return this.#end;
  }

  /** Its tasks hear of its end when it is gone, since until then it may still write to shared memory. */
  async #terminate(cause: Error): Promise<void> {
    this.#worker?.terminate();
    await held(this.#lock, AbortSignal.timeout(END_DEADLINE_MS));
    let reason = cause;
    for (const { reject } of this.#pending.values()) {
      reject(reason);
      reason = new TaskNotBegun(cause.message);
    }
    this.#pending.clear();
  }

  #post(message: PageMessage, transfer: ArrayBuffer[]): Promise<PartAnswer | undefined> {
    return new Promise((resolve, reject) => {
      this.#pending.set(message.id, { resolve, reject });
      this.#worker?.postMessage(message, transfer);
    });
  }

  #take(message: unknown): void {
    if (!isWorkerMessage(message)) return;
    const pending = this.#pending.get(message.simdexAnswerTo);
    this.#pending.delete(message.simdexAnswerTo);
    if (message.type === 'done') pending?.resolve(message.answer);
    else pending?.reject(message.error);
  }

  #watchLock(): void {
    held(this.#lock).then((isGone) => {
      if (isGone) this.#endFor(new Error('the worker ended without a word'));
    });
  }
}

function lockName(): string | undefined {
  return globalThis.isSecureContext && navigator.locks ? `simdex worker ${crypto.randomUUID()}` : undefined;
}

/** Resolves with true when the lock could be had; with false where there is none, it is refused, or `signal` comes first. */
async function held(name: string | undefined, signal?: AbortSignal): Promise<boolean> {
  if (name === undefined) return false;
  return navigator.locks.request(name, signal ? { signal } : {}, () => true).catch(() => false);
}

/** What `new Worker` throws: there are no workers here, or other origins or plain URLs are refused. */
function explain(error: unknown): Error {
  if (error instanceof WorkersUnavailable || error instanceof WorkerNotLoaded) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === 'SecurityError') return new WorkerForeign(message);
  const isRefusal = name === 'TypeError' || name === 'ReferenceError';
  return isRefusal ? new WorkersUnavailable(message) : new Error(message, { cause: error });
}

function errorOf(event: Event, from: string): Error {
  // A module that cannot be loaded has an event without a message.
  if (event instanceof ErrorEvent && event.message) return new Error(event.message, { cause: event.error });
  const remedy = 'serve it there, pass the option worker, or use simdex/inline';
  return new WorkerNotLoaded(`the worker (${from}) could not be loaded; ${remedy}`);
}

/**
 * A worker whose code is text: it starts from a blob: URL, which is of the page's own origin.
 *
 * @param from what messages call it
 */
export function startOfCode(code: string, from: string): WorkerStart {
  return {
    create() {
      const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
      const worker = new Worker(url, { type: 'module' });
      // The worker keeps what it was started with; Safari needs the URL until it has begun to load.
      worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
      return worker;
    },
    from,
  };
}

interface WorkerPolicy {
  /** The violation seen since the watch began, if there was one. */
  violation(): WorkersUnavailable | undefined;
  stop(): void;
}

/**
 * Whether a Content-Security-Policy forbids workers. A worker that is forbidden fails like one whose file is missing; only
 * the page's own event tells the difference, and comes first.
 */
function watchWorkerPolicy(): WorkerPolicy {
  let seen: WorkersUnavailable | undefined;
  const listen = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
    if (effectiveDirective !== 'worker-src') return;
    seen = new WorkersUnavailable(`the Content-Security-Policy's worker-src forbids ${blockedURI}`);
  };
  globalThis.addEventListener('securitypolicyviolation', listen);
  return {
    violation: () => seen,
    stop: () => globalThis.removeEventListener('securitypolicyviolation', listen),
  };
}
