/**
 * Chooses and compiles the kernel: SIMD where the engine has it and computes right, else JavaScript, or what was asked for.
 */
import scalarBytes from 'kernel:scalar.wasm';
import simdBytes from 'kernel:simd.wasm';
import { IndexingError, invalidConfiguration } from '../errors.js';
import { type CompiledKernel, instantiateKernel, type KernelBackend } from './compiled-kernel.js';
import { createJavaScriptKernel } from './javascript.js';
import { scratchBytes } from './kernel-exports.js';

/**
 * @param choice a backend, or `'auto'`
 * @param wasm the kernel's bytes, for those who serve them themselves: of the SIMD build, or the scalar one when
 *   `choice` is `'scalar'`
 *
 * Rejects with `IndexingError` `InvalidConfiguration` for a backend that is unknown or cannot run here, and for bytes that
 * are no simdex kernel.
 */
export async function compileKernel(choice: 'auto' | KernelBackend, wasm?: BufferSource): Promise<CompiledKernel> {
  switch (choice) {
    case 'javascript':
      return { backend: 'javascript' };
    case 'scalar':
      return compile('scalar', wasm ?? scalarBytes);
    case 'simd':
      return compile('simd', wasm ?? simdBytes);
    case 'auto': {
      const bytes = wasm ?? simdBytes;
      if (!WebAssembly.validate(simdBytes)) return { backend: 'javascript' };
      const kernel = await compile('simd', bytes);
      return answersRightly(kernel) ? kernel : { backend: 'javascript' };
    }
    default:
      throw invalidConfiguration('kernel', "'auto', 'simd', 'scalar' or 'javascript'", choice);
  }
}

async function compile(backend: 'simd' | 'scalar', bytes: BufferSource): Promise<CompiledKernel> {
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new IndexingError('InvalidConfiguration', `the ${backend} kernel does not compile (${String(cause)})`, {
      cause,
    });
  }
  const names = WebAssembly.Module.exports(module).map(({ name }) => name);
  const missing = ['magnitudes', 'normalize', 'sort', 'process'].filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const found = names.length > 0 ? names.join(', ') : 'nothing';
    throw new IndexingError('InvalidConfiguration', `wasm is no simdex kernel: it exports ${found}`);
  }
  return { backend, module };
}

const ROWS = 5;
const DIMS = 19;

/** iOS before 17 accepts SIMD and computes wrong: one known question tells. */
function answersRightly(kernel: CompiledKernel): boolean {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const expected = new ArrayBuffer(memory.buffer.byteLength);
  const magnitudes = 1024;
  const scratch = 2048;
  if (scratch + scratchBytes(DIMS) > expected.byteLength) throw new Error('the known question does not fit one page');
  for (const buffer of [memory.buffer, expected]) {
    const components = new Float32Array(buffer, 0, ROWS * DIMS);
    for (let i = 0; i < components.length; i++) components[i] = ((i * 37) % 64) - 31.5;
  }
  instantiateKernel(kernel, memory).process(0, ROWS, DIMS, magnitudes, scratch);
  createJavaScriptKernel(expected).process(0, ROWS, DIMS, magnitudes, scratch);
  const found = new Float32Array(memory.buffer, 0, scratch / 4);
  return new Float32Array(expected, 0, scratch / 4).every(
    (value, i) => Math.abs(value - found[i]!) <= 1e-6 * Math.abs(value),
  );
}
