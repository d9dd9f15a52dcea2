/**
 * Which kernel a caller may ask for.
 */
import { invalidConfiguration } from '../base/errors.js';
import type { KernelBackend } from './instantiate.js';

/** @throws {IndexingError} `InvalidConfiguration` naming the option, unless undefined, `'auto'` or a backend. */
export function checkKernelChoice(name: string, choice: 'auto' | KernelBackend | undefined): void {
  if (choice !== undefined && !['auto', 'simd', 'scalar', 'javascript'].includes(choice)) {
    throw invalidConfiguration(name, "'auto', 'simd', 'scalar' or 'javascript'", choice);
  }
}
