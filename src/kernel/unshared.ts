/**
 * The same kernel for memory that is not shared. A module's import says which of the two it links with, in one byte: the
 * flags of the limits. Everything else is the same, so one binary serves both.
 */

/** Import of "memory" from "env", by their lengths and names: kind (2, a memory), then the flags: 3, shared and with a maximum. */
const SHARED_MEMORY = '\x03env\x06memory\x02\x03';
const WITH_MAXIMUM = 1;

/** A copy of the kernel's bytes that imports ordinary memory; bytes without a shared memory to import stay as they are. */
export function forUnsharedMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  // One character for each byte.
  const at = new TextDecoder('latin1').decode(bytes).indexOf(SHARED_MEMORY);
  if (at < 0) return bytes;
  const patched = bytes.slice();
  patched[at + SHARED_MEMORY.length - 1] = WITH_MAXIMUM;
  return patched;
}
