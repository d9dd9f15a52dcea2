/**
 * Checks kernel bytes that come from the user (option `wasm`): whether they are those of a kernel. It is apart from compile.ts
 * so that simdex/kernel, which takes no such bytes, does not carry it.
 */
import { IndexingError } from '../base/errors.js';
import type { KernelExports } from './kernel-exports.js';

export interface OwnKernel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** @throws {IndexingError} `InvalidConfiguration` unless it is a kernel; `module` is undefined where it does not compile. */
  check(module: WebAssembly.Module | undefined): void;
}

const exportNames: readonly (keyof KernelExports)[] = ['magnitudes', 'normalize', 'sort', 'process'];

/** Takes `wasm` (simd.wasm, or scalar.wasm for `'scalar'`) for the kernel. */
export function ownKernel(wasm: ArrayBuffer | ArrayBufferView<ArrayBuffer>): OwnKernel {
  return { bytes: bytesOf(wasm), check };
}

function bytesOf(source: ArrayBuffer | ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (!ArrayBuffer.isView(source)) return new Uint8Array(source);
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

function check(module: WebAssembly.Module | undefined): void {
  if (!module) throw refusal('bytes that do not compile');
  const imports = WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`);
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  if (imports.join() !== 'env.memory' || exportNames.some((name) => !exports.includes(name))) {
    throw refusal('a module with other imports or exports');
  }
}

function refusal(found: string): IndexingError {
  return new IndexingError('InvalidConfiguration', `wasm must be the bytes of a simdex kernel, got ${found}`);
}
