/**
 * The indexing kernel as engines hand it to whoever compiles those of searches and graphs.
 */
import { compileKernel } from '../../src/kernel/compile.js';
import type { KernelBackend, PreparedKernel } from '../../src/kernel/instantiate.js';

export async function indexingKernel(backend: KernelBackend, shared = true): Promise<PreparedKernel> {
  const compiled = await compileKernel(backend, { shared });
  return { compiled, source: compiled };
}
