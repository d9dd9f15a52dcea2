/**
 * The process in which a worker's units of work run, one after the other. It is a process of its own so that the worker's thread is always
 * free to renew its lock, whatever a file's format makes the other thread do; so that a unit that is no longer wanted can be ended at once;
 * and so that one that runs out of memory takes no worker along.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { IndexingError, type IndexingErrorCode } from '../base/errors.js';
import type { FromUnitProcess, ToUnitProcess, Unit, UnitResult } from './unit-messages.js';

/** Beside the chunk that this file is in. */
const FILE = new URL('./work-unit.js', import.meta.url);
/** Time after which a unit that does not stop by itself is ended, in milliseconds. */
const STOP_MS = 2000;

/** A unit that failed: whether another try may do better. */
export class UnitFailure extends Error {
  readonly code: IndexingErrorCode;
  readonly isFinal: boolean;

  constructor(code: IndexingErrorCode, sentence: string, isFinal: boolean) {
    super(sentence);
    this.code = code;
    this.isFinal = isFinal;
  }
}

export class UnitProcess {
  readonly #root: string;
  readonly #threads: number | 'auto';
  #child: ChildProcess | undefined;

  /** @param root where it stands */
  constructor(root: string, threads: number | 'auto') {
    this.#root = root;
    this.#threads = threads;
  }

  /** Starts the process, so that the first unit does not wait for it. */
  start(): void {
    if (!existsSync(FILE))
      throw new IndexingError(
        'FileAccess',
        `cannot read ${fileURLToPath(FILE)}: the program was bundled without it; mark simdex as external`,
      );
    this.#child ??= this.#start();
  }

  /** Rejects with a `UnitFailure`, or with the reason of `signal`. */
  run(unit: Unit, signal: AbortSignal, onProgress: (rows: number) => void): Promise<UnitResult> {
    signal.throwIfAborted();
    this.#child ??= this.#start();
    const child = this.#child;
    return new Promise<UnitResult>((resolve, reject) => {
      let kill: NodeJS.Timeout | undefined;
      const end = () => {
        clearTimeout(kill);
        child.off('message', take);
        child.off('exit', exited);
        child.off('error', failed);
        signal.removeEventListener('abort', stop);
      };
      const take = (message: FromUnitProcess) => {
        if (message.type === 'progress') return onProgress(message.rows);
        end();
        if (message.type === 'done') resolve(message.result);
        else if (message.type === 'stopped') reject(signal.reason);
        else reject(new UnitFailure(message.code, message.sentence, message.isFinal));
      };
      const exited = (status: number | null, name: string | null) => {
        end();
        this.#child = undefined;
        if (signal.aborted) return reject(signal.reason);
        const sentence = `the process that did the work died (${name ?? `exit status ${status}`}); it may have been out of memory`;
        reject(new UnitFailure('ThreadPanic', sentence, false));
      };
      const failed = (error: Error) => {
        end();
        this.#child = undefined;
        const sentence = `the process that does the work cannot be started: ${error.message}`;
        reject(new UnitFailure('FileAccess', sentence, false));
      };
      const stop = () => {
        send(child, { type: 'stop' });
        kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      };
      child.on('message', take);
      child.on('exit', exited);
      child.on('error', failed);
      signal.addEventListener('abort', stop, { once: true });
      send(child, unit);
    });
  }

  /** Ends the process; no unit may be under way. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    // The process is not needed any more. It ends by itself.
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(kill);
  }

  #start(): ChildProcess {
    const child = fork(fileURLToPath(FILE), [String(this.#threads)], {
      cwd: this.#root,
      // Flags of the worker's own process (a debugger's port) are not for this one.
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    // Between units no caller waits for the process. The next unit gets another one.
    child.on('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    child.on('error', () => undefined);
    return child;
  }
}

/** When a process ends, its `exit` event says so. */
function send(child: ChildProcess, message: ToUnitProcess): void {
  if (child.connected) child.send(message, () => undefined);
}
