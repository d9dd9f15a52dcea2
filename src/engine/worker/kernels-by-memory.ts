/**
 * Kernels on the memories of an index, kept from job to job. Every task brings its memories as new objects; the first object of each is kept.
 */
import { countForCollector } from '../../memory/create-memory.js';

export class KernelsByMemory<T> {
  readonly #kept = new Map<number, { readonly buffer: ArrayBufferLike; readonly kernel: T }>();

  /** The kernel on the memory with this key; `open` makes it the first time. */
  get(key: number, buffer: ArrayBufferLike, open: () => T): T {
    const found = this.#kept.get(key);
    if (found) return found.kernel;
    countForCollector(buffer, 'index');
    const kernel = open();
    this.#kept.set(key, { buffer, kernel });
    return kernel;
  }

  /** Lets go of kernels on memories that are gone. The collector is told of all their bytes, so that it comes soon. */
  forget(keys: readonly number[]): void {
    for (const key of keys) {
      const found = this.#kept.get(key);
      if (found) countForCollector(found.buffer);
      this.#kept.delete(key);
    }
  }
}
