/**
 * Listeners to updates, by type. A listener that throws, or whose promise rejects, is removed, and its error is told once. The
 * others notice nothing.
 */
import { invalidConfiguration } from '../base/errors.js';
import type { MonitorUpdate } from './monitor-update.js';

/** What updates are told apart by. */
export type UpdateType = MonitorUpdate['type'];

/** Listener to the updates of one type. */
export type UpdateListener<Type extends UpdateType, Report = unknown> = (
  update: Extract<MonitorUpdate<Report>, { readonly type: Type }>,
) => unknown;

interface Entry<Report> {
  readonly type: UpdateType;
  readonly listener: unknown;
  readonly call: (update: MonitorUpdate<Report>) => unknown;
  /** Calls of an asynchronous listener that are under way may fail too: the first is told. */
  failed: boolean;
}

const TYPES: readonly string[] = ['progress', 'metric', 'alert', 'degradation', 'report'] satisfies UpdateType[];

export class UpdateListeners<Report> {
  readonly #onError: (error: unknown) => void;
  #entries: readonly Entry<Report>[] = [];

  /** @param onError called with what a listener throws or rejects with */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Twice is once. @throws IndexingError `InvalidConfiguration` */
  add<Type extends UpdateType>(type: Type, listener: UpdateListener<Type, Report>): void {
    if (!TYPES.includes(type)) throw invalidConfiguration('type', `one of ${TYPES.join(', ')}`, type);
    if (typeof listener !== 'function') throw invalidConfiguration('listener', 'a function', listener);
    const call = (update: MonitorUpdate<Report>) => (isOf(update, type) ? listener(update) : undefined);
    this.remove(type, listener);
    this.#entries = [...this.#entries, { type, listener, call, failed: false }];
  }

  remove(type: UpdateType, listener: unknown): void {
    this.#entries = this.#entries.filter((entry) => entry.type !== type || entry.listener !== listener);
  }

  /** Calls the listeners to the type of `update`, in the order in which they were added. */
  call(update: MonitorUpdate<Report>): void {
    for (const entry of this.#entries) {
      if (entry.type === update.type) this.#callOne(entry, update);
    }
  }

  #callOne(entry: Entry<Report>, update: MonitorUpdate<Report>): void {
    const fail = (error: unknown) => {
      if (entry.failed) return;
      entry.failed = true;
      this.remove(entry.type, entry.listener);
      this.#onError(error);
    };
    try {
      const result = entry.call(update);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  }
}

function isOf<Report, Type extends UpdateType>(
  update: MonitorUpdate<Report>,
  type: Type,
): update is Extract<MonitorUpdate<Report>, { readonly type: Type }> {
  return update.type === type;
}
