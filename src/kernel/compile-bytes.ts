/**
 * Bytes of kernels: compiled, and made to fit memory that is not shared.
 */
import { messageOf } from '../base/errors.js';

export type Compiled =
  | { readonly module: WebAssembly.Module }
  | { readonly module: undefined; readonly reason: string; readonly cause?: unknown };

/**
 * Compiles a kernel's bytes on an engine that has all the features they need. If that fails, the bytes or a policy of the page are the
 * reason, and the error says which.
 */
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

/** Import of "memory" from "env", by their lengths and names: kind (2, a memory), then the flags: 3, shared and with a maximum. */
const SHARED_MEMORY = '\x03env\x06memory\x02\x03';
const WITH_MAXIMUM = 1;

/**
 * A copy of the kernel's bytes that imports ordinary memory; bytes without a shared memory to import stay as they are. A module's import says
 * which of the two it links with, in one byte: the flags of the limits. Everything else is the same, so one binary serves both.
 */
export function forUnsharedMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  // One character for each byte.
  const at = new TextDecoder('latin1').decode(bytes).indexOf(SHARED_MEMORY);
  if (at < 0) return bytes;
  const patched = bytes.slice();
  patched[at + SHARED_MEMORY.length - 1] = WITH_MAXIMUM;
  return patched;
}
