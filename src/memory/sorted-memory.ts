/**
 * Memories whose rows were sorted. Sorted components look like any others, but they are no vector that could be searched:
 * whoever takes vectors can ask where they come from.
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
