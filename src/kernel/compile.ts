/**
 * Which kernel runs here. 'auto' is SIMD where the engine has it and gets a known question right (iOS before 17 accepts
 * SIMD and computes wrong), and JavaScript elsewhere. A kernel asked for by name runs or is refused.
 */
import scalar from 'kernel:scalar.wasm';
import simd from 'kernel:simd.wasm';
import { IndexingError } from '../errors.js';
import { type CompiledKernel, instantiateKernel, type KernelBackend } from './instantiate.js';
import { createJavaScriptKernel } from './javascript.js';
import { type KernelExports, scratchBytes } from './kernel-exports.js';

const exportNames: readonly (keyof KernelExports)[] = ['magnitudes', 'normalize', 'sort', 'process'];

/**
 * Compiles the kernel of `choice`. `wasm` are the kernel's bytes (simd.wasm, or scalar.wasm for `'scalar'`) for those
 * who serve them themselves. Throws `InvalidConfiguration` where the kernel asked for cannot run, and for bytes that
 * are no simdex kernel.
 */
export async function compileKernel(choice: 'auto' | KernelBackend, wasm?: BufferSource): Promise<CompiledKernel> {
  if (choice === 'javascript') return { backend: 'javascript' };

  const backend = choice === 'auto' ? 'simd' : choice;
  if (!canCompile(backend)) {
    if (choice === 'auto') return { backend: 'javascript' };
    throw refusal(`kernel '${choice}' cannot run here: this engine has no WebAssembly ${missing[backend]}`);
  }
  const module = await compileModule(wasm ?? bytesOf(backend));
  const kernel: CompiledKernel = { backend, module };
  if (answersKnownQuestion(kernel)) return kernel;
  if (choice === 'auto') return { backend: 'javascript' };
  throw refusal(`kernel '${choice}' cannot run here: this engine computes wrong answers with it`);
}

const missing = { simd: 'SIMD', scalar: 'shared memory' };

function bytesOf(backend: 'simd' | 'scalar'): Uint8Array<ArrayBuffer> {
  return backend === 'simd' ? simd : scalar;
}

function canCompile(backend: 'simd' | 'scalar'): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(bytesOf(backend));
}

async function compileModule(bytes: BufferSource): Promise<WebAssembly.Module> {
  const module = await WebAssembly.compile(bytes).catch((cause: unknown) => {
    throw refusal('wasm must be the bytes of a simdex kernel, got bytes that do not compile', cause);
  });
  const imports = WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`);
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  if (imports.join() !== 'env.memory' || exportNames.some((name) => !exports.includes(name))) {
    throw refusal('wasm must be the bytes of a simdex kernel, got a module with other imports or exports');
  }
  return module;
}

/**
 * Five rows of 100 components, so that whole groups and rows left over, merges and the last components all take part.
 * Compared with JavaScript: magnitudes and components within 1e-6, the order exact.
 */
function answersKnownQuestion(kernel: CompiledKernel): boolean {
  const count = 5;
  const dims = 100;
  const magnitudes = 4 * count * dims;
  const scratch = 64 * Math.ceil((magnitudes + 4 * count) / 64);
  const pages = Math.ceil((scratch + scratchBytes(dims)) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const actual = new Float32Array(memory.buffer, 0, count * dims + count);
  for (let i = 0; i < count * dims; i++) actual[i] = ((i * 7919) % 1009) - 504;
  const expected = actual.slice();

  instantiateKernel(kernel, memory).process(0, count, dims, magnitudes, scratch);
  createJavaScriptKernel(expected.buffer).process(0, count, dims, magnitudes, scratch);
  return expected.every((value, i) => Math.abs(actual[i]! - value) <= 1e-6 * Math.abs(value));
}

function refusal(detail: string, cause?: unknown): IndexingError {
  return new IndexingError('InvalidConfiguration', detail, cause === undefined ? {} : { cause });
}
