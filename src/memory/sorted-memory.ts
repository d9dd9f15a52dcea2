/**
 * Which memories hold rows whose components were sorted. Sorted components look like any others, but such a row is no longer a
 * vector that can be searched. So whoever takes vectors can ask here.
 */

const sorted = new WeakSet<ArrayBufferLike>();

/** To be called for the memory of every result. */
export function markMemory(buffer: ArrayBufferLike, isSorted: boolean): void {
  if (isSorted) sorted.add(buffer);
  else sorted.delete(buffer);
}

/** Whether the last result in this memory has sorted rows. */
export function isSortedMemory(buffer: ArrayBufferLike): boolean {
  return sorted.has(buffer);
}
