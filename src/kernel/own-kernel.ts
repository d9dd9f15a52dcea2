/**
 * Checks a kernel that comes from the user (option `wasm`): bytes, or a module that is compiled already, for places that compile no bytes
 * (Cloudflare Workers). It is apart from compile.ts so that simdex/kernel, which takes none, does not carry it.
 */
import { IndexingError } from '../base/errors.js';
import type { KernelExports } from './kernel-exports.js';

/** A `WebAssembly.Module`. The types of Node have no WebAssembly, so this names nothing of it. */
export interface WasmModule {
  readonly [Symbol.toStringTag]?: string;
}

/** The kernel as a user gives it. */
export type OwnWasm = ArrayBuffer | ArrayBufferView<ArrayBuffer> | WasmModule;

export interface OwnKernel {
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** The compiled kernel, where there are no bytes. */
  readonly module: WebAssembly.Module | undefined;
  /** @throws {IndexingError} `InvalidConfiguration` unless it is a kernel; `module` is undefined where it does not compile. */
  check(module: WebAssembly.Module | undefined): void;
  /** @throws {IndexingError} `InvalidConfiguration` unless `link` does without an error: memory that is shared is not memory that is not. */
  checkMemory(shared: boolean, link: () => void): void;
}

const exportNames: readonly (keyof KernelExports)[] = ['magnitudes', 'normalize', 'sort', 'process'];

/** Takes `wasm` (a file of the package, or simd.wasm, or scalar.wasm for `'scalar'`) for the kernel. */
export function ownKernel(wasm: OwnWasm): OwnKernel {
  return isModule(wasm)
    ? { bytes: undefined, module: wasm, check, checkMemory }
    : { bytes: bytesOf(wasm as ArrayBuffer | ArrayBufferView<ArrayBuffer>), module: undefined, check, checkMemory };
}

export function isOwnWasm(value: unknown): value is OwnWasm {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || isModule(value);
}

function isModule(value: unknown): value is WebAssembly.Module {
  return typeof WebAssembly === 'object' && value instanceof WebAssembly.Module;
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

function checkMemory(shared: boolean, link: () => void): void {
  try {
    link();
  } catch (cause) {
    if (!(cause instanceof WebAssembly.LinkError)) throw cause;
    const [found, file] = shared
      ? ['one for memory that is not shared', 'simdex/simd-shared.wasm']
      : ['one for shared memory, and there is none here', 'simdex/simd.wasm'];
    throw refusal(`${found}; take ${file}`, cause);
  }
}

function refusal(found: string, cause?: unknown): IndexingError {
  const detail = `wasm must be the bytes of a simdex kernel, or its module, got ${found}`;
  return new IndexingError('InvalidConfiguration', detail, cause === undefined ? {} : { cause });
}
