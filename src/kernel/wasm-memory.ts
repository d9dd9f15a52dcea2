/**
 * The memories that kernels work on. An engine reserves some 10 GiB of address space for each memory of WebAssembly, whatever
 * its size. A process that may not have so much (`ulimit -v`) has none at all: then memories are plain buffers, for the
 * JavaScript kernel. The first memory of a thread decides which they are, for as long as the thread lives.
 */
import type { KernelMemory } from './instantiate.js';

export const PAGE_BYTES = 65_536;

/** undefined until the first memory is made. */
let isWasm: boolean | undefined = typeof WebAssembly === 'object' ? undefined : false;

/** A memory of that many pages, zero-filled. Throws what the engine throws where there is no more. */
export function newKernelMemory(pages: number, shared: boolean): KernelMemory {
  if (isWasm !== false) {
    try {
      return newWasmMemory(pages, shared);
    } catch (error) {
      if (hasWasmMemory(shared)) throw error;
    }
  }
  const bytes = pages * PAGE_BYTES;
  return { buffer: shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes) };
}

/** Whether this thread's memories are WebAssembly's, so that a WebAssembly kernel can work on them. */
export function hasWasmMemory(shared: boolean): boolean {
  if (isWasm !== undefined) return isWasm;
  try {
    newWasmMemory(1, shared);
  } catch {
    // Not even the smallest one.
    isWasm = false;
  }
  return isWasm ?? false;
}

function newWasmMemory(pages: number, shared: boolean): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  isWasm = true;
  return memory;
}
