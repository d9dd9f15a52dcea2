/**
 * One WebAssembly.Memory for each matrix. It has exactly the pages that the matrix needs and never grows, so no view of it is
 * ever stale, and it lives as long as the views on it. It is shared where threads share memory. Elsewhere it is ordinary
 * memory, which belongs to the WebAssembly.Memory and so cannot be detached either. Where WebAssembly has no memory, it is a
 * plain buffer (wasm-memory.ts).
 *
 * Errors here are those of the JavaScript engine. matrix-memory.ts turns them into the library's errors, which workers do
 * without.
 */
import type { KernelMemory } from '../kernel/instantiate.js';
import { newKernelMemory, PAGE_BYTES } from '../kernel/wasm-memory.js';

export interface MatrixMemory {
  readonly memory: KernelMemory;
  readonly buffer: ArrayBufferLike;
  /** Tells threads which memory it is: it comes to them as a new object with every task. No other memory has it. */
  readonly key: number;
}

let lastKey = 0;

/** Bytes a memory for `byteLength` bytes takes: whole pages, at least one. */
export function memoryBytes(byteLength: number): number {
  return Math.max(1, Math.ceil(byteLength / PAGE_BYTES)) * PAGE_BYTES;
}

// V8 does not count shared memory when it decides whether to collect garbage. So each shared memory has an ArrayBuffer beside it, which V8
// does count, and which lives as long as the memory's views. Nothing touches it, so it takes no physical memory. It is resizable,
// because V8 maps fresh pages for those. For others V8 calls malloc, which clears, and so touches, memory that it uses again.
const ballast = new WeakMap<ArrayBufferLike, ArrayBuffer>();

/**
 * How long a memory is kept: for one result, or for as long as an index holds rows in it.
 *
 * V8 begins a collection after each 64 MB that are counted. It marks all objects of the caller, which holds the thread for 25 ms
 * where those are 500,000 strings. For the memory of an index there is nothing to collect then, so a quarter of it is
 * counted: forgotten indexes are collected when they hold 256 MB.
 */
export type MemoryUse = 'result' | 'index';

const COUNTED: Record<MemoryUse, number> = { result: 1, index: 1 / 4 };

/**
 * Makes a memory of at least `byteLength` bytes, zero-filled; throws what the engine throws where there is no more.
 *
 * @param shared whether threads are to share it
 */
export function createMemory(byteLength: number, shared: boolean, use: MemoryUse = 'result'): MatrixMemory {
  const bytes = memoryBytes(byteLength);
  const memory = newKernelMemory(bytes / PAGE_BYTES, shared);
  const { buffer } = memory;
  countForCollector(buffer, use);
  return { memory, buffer, key: ++lastKey };
}

/**
 * Has this thread's garbage collector count the bytes of `buffer`, if it is shared, as long as that is kept. Where it counts as many already, nothing
 * happens. Workers call it for memories they were sent.
 */
export function countForCollector(buffer: ArrayBufferLike, use: MemoryUse = 'result'): void {
  if (typeof SharedArrayBuffer === 'undefined' || !(buffer instanceof SharedArrayBuffer)) return;
  const bytes = Math.ceil(COUNTED[use] * buffer.byteLength);
  if (bytes > (ballast.get(buffer)?.byteLength ?? 0)) {
    ballast.set(buffer, new ArrayBuffer(bytes, { maxByteLength: bytes }));
  }
}

/**
 * Has the collector count all bytes of a memory that nobody uses again, so that it comes soon. Where the system has no room for that, it comes later:
 * letting a memory go never fails.
 */
export function countAsGone(buffer: ArrayBufferLike): void {
  try {
    countForCollector(buffer);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}
