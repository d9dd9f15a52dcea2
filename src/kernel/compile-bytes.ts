/**
 * Compiles a kernel's bytes on an engine that has all the features they need. If that fails, the bytes or a policy of the page are the
 * reason, and the error says which.
 */
import { messageOf } from '../base/errors.js';

export type Compiled =
  | { readonly module: WebAssembly.Module }
  | { readonly module: undefined; readonly reason: string; readonly cause?: unknown };

export async function compileBytes(bytes: Uint8Array<ArrayBuffer>): Promise<Compiled> {
  if (!WebAssembly.validate(bytes)) return { module: undefined, reason: DAMAGED };
  try {
    return { module: await WebAssembly.compile(bytes) };
  } catch (cause) {
    // Valid bytes that do not compile: a Content-Security-Policy without 'wasm-unsafe-eval', or no memory for code.
    return { module: undefined, reason: messageOf(cause), cause };
  }
}

const DAMAGED = 'the bytes of the kernel are damaged; something changed the script of simdex on its way here';
