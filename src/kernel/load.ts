/** Compiling the kernel (outside) and instantiating it against a memory (in workers too). Placeholder split, see below. */
import simd from 'kernel:simd.wasm';

export type KernelBackend = 'simd' | 'scalar' | 'javascript';
export type CompiledKernel =
  | { readonly backend: 'simd' | 'scalar'; readonly module: WebAssembly.Module }
  | { readonly backend: 'javascript' };

export async function compileKernel(_choice: 'auto' | KernelBackend, wasm?: BufferSource): Promise<CompiledKernel> {
  return { backend: 'simd', module: await WebAssembly.compile(wasm ?? simd) };
}
