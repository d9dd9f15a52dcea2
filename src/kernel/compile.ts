/**
 * Chooses and compiles the kernel that runs here. 'auto' is SIMD where the engine has it and answers a known question rightly
 * (iOS before 17 accepts SIMD and computes wrong results), and JavaScript elsewhere. A kernel that is asked for by name runs,
 * or the call is refused.
 */

import simd from 'kernel:simd.wasm';
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import { compileBytes, forUnsharedMemory } from './compile-bytes.js';
import type { KernelBackend } from './instantiate.js';
import { type CompiledKernel, instantiateKernel } from './instantiate.js';
import { createJavaScriptKernel } from './javascript.js';
import { scratchBytes } from './kernel-exports.js';
import type { OwnKernel } from './own-kernel.js';
import { hasWasmMemory } from './wasm-memory.js';

export interface CompileOptions {
  /** Kernel to take in place of the one that comes with the library. */
  readonly own?: OwnKernel | undefined;
  /** Whether the memories it is to work on are shared between threads. Default true. */
  readonly shared?: boolean | undefined;
  /** Hears why `'auto'` is JavaScript here. */
  readonly onFallback?: ((reason: string) => void) | undefined;
}

/**
 * Compiles the kernel of `choice`. Throws `InvalidConfiguration` where the kernel asked for cannot run, and for bytes that
 * are no simdex kernel; `InsufficientMemory` where it has no address space for its memory.
 */
export async function compileKernel(
  choice: 'auto' | KernelBackend,
  { own, shared = true, onFallback }: CompileOptions = {},
): Promise<CompiledKernel> {
  if (choice === 'javascript') return { backend: 'javascript' };

  const backend = choice === 'auto' ? 'simd' : choice;
  const instead = (reason: string, cause?: unknown): CompiledKernel => {
    if (choice !== 'auto') {
      throw new IndexingError('InvalidConfiguration', `kernel '${choice}' cannot run here: ${reason}`, { cause });
    }
    onFallback?.(reason);
    return { backend: 'javascript' };
  };
  const missing = missingFeature(backend, shared);
  if (missing) return instead(`this engine has no ${missing}`);
  if (!hasWasmMemory(shared)) {
    const reason = 'WebAssembly gets no address space (ulimit -v)';
    if (choice === 'auto') return instead(reason);
    throw new IndexingError('InsufficientMemory', `${reason}; kernel 'javascript' needs none`);
  }
  const compiled = own?.module ? { module: own.module } : await compileBytes(await kernelBytes(backend, shared, own));
  if (compiled.module || !compiled.cause) own?.check(compiled.module);
  if (!compiled.module) return instead(compiled.reason, compiled.cause);
  const kernel: CompiledKernel = { backend, module: compiled.module };
  own?.checkMemory(shared, () => instantiateKernel(kernel, smallMemory(shared)));
  return answersKnownQuestion(kernel, shared) ? kernel : instead('this engine computes wrong answers with it');
}

/** The bytes that `compileKernel` compiles: the caller's if given, for memory that is shared or not. */
export async function kernelBytes(
  backend: 'simd' | 'scalar',
  shared: boolean,
  own?: OwnKernel,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = own?.bytes ?? (backend === 'simd' ? simd : await loadScalar());
  return shared ? bytes : forUnsharedMemory(bytes);
}

/** Only those who ask for it by name need it: it loads then. */
async function loadScalar(): Promise<Uint8Array<ArrayBuffer>> {
  return (await import('kernel:scalar.wasm')).default;
}

function smallMemory(shared: boolean): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared });
}

/**
 * Five rows of 100 components, so that whole groups and rows left over, merges and the last components all take part.
 * Compared with JavaScript: magnitudes and components within 1e-6, the order exact.
 */
function answersKnownQuestion(kernel: CompiledKernel, shared: boolean): boolean {
  const count = 5;
  const dims = 100;
  const magnitudes = 4 * count * dims;
  const scratch = 64 * Math.ceil((magnitudes + 4 * count) / 64);
  const pages = Math.ceil((scratch + scratchBytes(dims)) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  const actual = new Float32Array(memory.buffer, 0, count * dims + count);
  for (let i = 0; i < count * dims; i++) actual[i] = ((i * 7919) % 1009) - 504;
  const expected = actual.slice();

  instantiateKernel(kernel, memory).process(0, count, dims, magnitudes, scratch);
  createJavaScriptKernel(expected.buffer).process(0, count, dims, magnitudes, scratch);
  return expected.every((value, i) => Math.abs(actual[i]! - value) <= 1e-6 * Math.abs(value));
}

// Which features this engine's WebAssembly has: each is tried with the smallest module that needs it. So an engine that lacks a feature is told
// apart from a kernel whose bytes are damaged.
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** A function that gives `i8x16.splat(0)`: sections of types, functions and code. */
const SIMD = [...[1, 5, 1, 0x60, 0, 1, 0x7b], ...[3, 2, 1, 0], ...[10, 8, 1, 6, 0, 0x41, 0, 0xfd, 15, 11]];
/** A shared memory of one page. */
const SHARED_MEMORY = [5, 4, 1, 3, 1, 1];

/** The feature that is missing for a kernel of `backend`, in words that follow "this engine has no"; undefined where nothing is missing. */
function missingFeature(backend: 'simd' | 'scalar', shared: boolean): string | undefined {
  if (typeof WebAssembly !== 'object') return 'WebAssembly';
  if (backend === 'simd' && !isValid(SIMD)) return 'WebAssembly SIMD';
  return shared && !isValid(SHARED_MEMORY) ? 'WebAssembly shared memory' : undefined;
}

function isValid(sections: readonly number[]): boolean {
  return WebAssembly.validate(Uint8Array.from([...HEADER, ...sections]));
}

/**
 * Checks which kernel a caller asks for.
 *
 * @throws {IndexingError} `InvalidConfiguration` naming the option, unless undefined, `'auto'` or a backend.
 */
export function checkKernelChoice(name: string, choice: 'auto' | KernelBackend | undefined): void {
  if (choice !== undefined && !['auto', 'simd', 'scalar', 'javascript'].includes(choice)) {
    throw invalidConfiguration(name, "'auto', 'simd', 'scalar' or 'javascript'", choice);
  }
}
