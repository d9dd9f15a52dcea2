/**
 * The kernel's instances on memories that a thread has worked on before. Every task brings its memory as a new object, so it
 * is the memory's key that tells it is the same; then neither an instance nor the collector's account of it is made again.
 *
 * Instances are held weakly: a memory that nobody else keeps is collected.
 */
import { type CompiledKernel, instantiateKernel, type KernelMemory } from '../kernel/instantiate.js';
import type { KernelExports } from '../kernel/kernel-exports.js';
import { seeByCollector } from '../memory/matrix-memory.js';

/** An instance and the memory it works on, as this thread first met it. */
export interface ThreadInstance {
  readonly kernel: KernelExports;
  readonly buffer: ArrayBufferLike;
}

const known = new Map<number, WeakRef<ThreadInstance>>();
const collected = new FinalizationRegistry<number>((key) => {
  // It may have been met anew meanwhile.
  if (known.get(key)?.deref() === undefined) known.delete(key);
});

/** @param key names the memory: one number for as long as it lives, and of no other memory that comes to this thread */
export function instanceOn(kernel: CompiledKernel, key: number, memory: KernelMemory): ThreadInstance {
  const met = known.get(key)?.deref();
  if (met) return met;
  const { buffer } = memory;
  seeByCollector(buffer, buffer.byteLength);
  const instance = { kernel: instantiateKernel(kernel, memory), buffer };
  known.set(key, new WeakRef(instance));
  collected.register(instance, key);
  return instance;
}
