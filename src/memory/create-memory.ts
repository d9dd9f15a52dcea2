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

// V8 does not count shared memory when it decides whether to collect garbage. So each shared memory has an ArrayBuffer of the same size
// beside it, which V8 does count, and which lives as long as the memory's views. Nothing touches it, so it takes no physical memory. It is
// resizable, because V8 maps fresh pages for those. For others V8 calls malloc, which clears, and so touches, memory that it uses again.
const ballast = new WeakMap<ArrayBufferLike, ArrayBuffer>();

/**
 * Makes a memory of at least `byteLength` bytes, zero-filled; throws what the engine throws where there is no more.
 *
 * @param shared whether threads are to share it
 */
export function createMemory(byteLength: number, shared: boolean): MatrixMemory {
  const bytes = memoryBytes(byteLength);
  const memory = newKernelMemory(bytes / PAGE_BYTES, shared);
  const { buffer } = memory;
  if (shared) countForCollector(buffer, bytes);
  return { memory, buffer, key: ++lastKey };
}

/** Has this thread's garbage collector count the bytes of `buffer`, as long as that is kept. Workers call it for memories they were sent. */
export function countForCollector(buffer: ArrayBufferLike, bytes: number): void {
  if (!ballast.has(buffer)) ballast.set(buffer, new ArrayBuffer(bytes, { maxByteLength: bytes }));
}
