/**
 * Compiles a kernel that is loaded later than the indexing kernel, for shared or unshared memory, and gives what is sent to threads.
 */
import { compileBytes, forUnsharedMemory } from './compile-bytes.js';
import type { PreparedKernel } from './instantiate.js';

/** Kernel that takes the place of one that does not run here. */
export const JAVASCRIPT: PreparedKernel = {
  compiled: { backend: 'javascript' },
  source: { backend: 'javascript' },
};

/** undefined, and told, where it does not compile. */
export async function prepareKernel(
  backend: 'simd' | 'scalar',
  original: Uint8Array<ArrayBuffer>,
  shared: boolean,
  onFallback: ((reason: string) => void) | undefined,
): Promise<PreparedKernel | undefined> {
  const bytes = shared ? original : forUnsharedMemory(original);
  const compiled = await compileBytes(bytes);
  if (compiled.module) return { compiled: { backend, module: compiled.module }, source: { backend, bytes } };
  onFallback?.(compiled.reason);
  return undefined;
}
