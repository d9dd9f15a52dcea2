/**
 * The memories that kernels work on. An engine reserves some 10 GiB of address space for each memory of WebAssembly, whatever
 * its size. A process that may not have so much (`ulimit -v`) has none at all: then memories are plain buffers, for the
 * JavaScript kernel. The first memory of a thread decides which they are, for as long as the thread lives.
 */
import type { KernelMemory } from './instantiate.js';

export const PAGE_BYTES = 65_536;

/** Whether they are WebAssembly's; undefined until the first is asked for. */
let isWasm: boolean | undefined = typeof WebAssembly === 'object' ? undefined : false;

/** A memory of that many pages, zero-filled. Throws what the engine throws where there is no more. */
export function newKernelMemory(pages: number, shared: boolean): KernelMemory {
  if (hasWasmMemory(shared)) return newWasmMemory(pages, shared);
  const bytes = pages * PAGE_BYTES;
  return { buffer: shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes) };
}

/** Whether this thread's memories are WebAssembly's, so that a WebAssembly kernel can work on them. */
export function hasWasmMemory(shared: boolean): boolean {
  try {
    // The smallest there is.
    if (isWasm === undefined) newWasmMemory(1, shared);
    isWasm ??= true;
  } catch {
    isWasm = false;
  }
  return isWasm;
}

function newWasmMemory(pages: number, shared: boolean): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
}
