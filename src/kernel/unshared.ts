/**
 * The same kernel for memory that is not shared. A module's import says which of the two it links with, in one byte: the
 * flags of the limits. Everything else is the same, so one binary serves both.
 */

/** Import of "memory" from "env": name, name, kind (2, a memory), then the flags: 3, shared and with a maximum. */
const SHARED_MEMORY = [3, ...'env'.split('').map(codeOf), 6, ...'memory'.split('').map(codeOf), 2, 3];
const WITH_MAXIMUM = 1;

/** A copy of the kernel's bytes that imports ordinary memory; bytes without a shared memory to import stay as they are. */
export function forUnsharedMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const at = bytes.findIndex((_, i) => SHARED_MEMORY.every((byte, j) => bytes[i + j] === byte));
  if (at < 0) return bytes;
  const patched = bytes.slice();
  patched[at + SHARED_MEMORY.length - 1] = WITH_MAXIMUM;
  return patched;
}

function codeOf(character: string): number {
  return character.charCodeAt(0);
}
