/**
 * One WebAssembly.Memory per matrix, of exactly the pages it needs and never grown, so no view of it is ever stale and
 * its lifetime is that of the views on it. Shared where threads share memory; elsewhere ordinary memory, which belongs to
 * the WebAssembly.Memory and so cannot be detached either.
 */
import { IndexingError } from '../errors.js';
import type { KernelMemory } from '../kernel/instantiate.js';

export interface MatrixMemory {
  readonly memory: KernelMemory;
  readonly buffer: ArrayBufferLike;
  /** Tells threads which memory it is: it comes to them as a new object with every task. No other memory has it. */
  readonly key: number;
}

const PAGE = 65_536;
const MAX_PAGES = 65_536;

let lastKey = 0;

/** Bytes a memory for `byteLength` bytes takes: whole pages, at least one. */
export function memoryBytes(byteLength: number): number {
  return Math.max(1, Math.ceil(byteLength / PAGE)) * PAGE;
}

// V8 does not count shared memory when it decides whether to collect garbage. An ArrayBuffer of the same size, never
// touched and so never resident, lets it see what a forgotten memory costs. It lives as long as the buffer's views. It is
// resizable because V8 maps pages for those; for others it asks malloc, which clears, and so touches, what it uses again.
const ballast = new WeakMap<ArrayBufferLike, ArrayBuffer>();

/**
 * Makes a memory of at least `byteLength` bytes, zero-filled.
 *
 * @param shared whether threads are to share it
 * @throws {IndexingError} `InsufficientMemory` above 4 GiB, or where the system gives no more.
 */
export function createMatrixMemory(byteLength: number, shared = true): MatrixMemory {
  const bytes = memoryBytes(byteLength);
  const pages = bytes / PAGE;
  if (pages > MAX_PAGES) {
    throw insufficientMemory(byteLength, `one WebAssembly memory holds at most ${formatBytes(MAX_PAGES * PAGE)}`);
  }
  try {
    const memory = createMemory(pages, shared);
    const { buffer } = memory;
    if (shared) seeByCollector(buffer, bytes);
    return { memory, buffer, key: ++lastKey };
  } catch (cause) {
    throw insufficientMemory(byteLength, `the system refused it (${String(cause)})`, cause);
  }
}

/** Some pages, and engines with a lockdown mode, have no WebAssembly; there the kernel is JavaScript. */
function createMemory(pages: number, shared: boolean): KernelMemory {
  if (typeof WebAssembly === 'object') return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  return { buffer: shared ? new SharedArrayBuffer(pages * PAGE) : new ArrayBuffer(pages * PAGE) };
}

/** Lets the collector of this thread see what keeping `buffer` costs; workers call it for memories they were sent. */
export function seeByCollector(buffer: ArrayBufferLike, bytes: number): void {
  if (!ballast.has(buffer)) ballast.set(buffer, new ArrayBuffer(bytes, { maxByteLength: bytes }));
}

/** `InsufficientMemory` with the size asked for, the limit it met, and what to do. */
export function insufficientMemory(byteLength: number, limit: string, cause?: unknown): IndexingError {
  return new IndexingError(
    'InsufficientMemory',
    `${formatBytes(byteLength)} are needed, but ${limit}; use indexStream for data larger than memory`,
    cause === undefined ? {} : { cause },
  );
}

/** `1,234,567 bytes`, with a rounded figure in the largest binary unit where that helps. */
export function formatBytes(bytes: number): string {
  const exact = `${bytes.toLocaleString('en')} bytes`;
  if (bytes < 1024) return exact;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]} (${exact})`;
}
