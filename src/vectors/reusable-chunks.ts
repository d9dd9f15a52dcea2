/**
 * Chunks of vectors whose memory can be given back to whoever made them. This pays because touching new memory costs more than
 * filling it.
 */
import type { VectorMatrix } from './vector-source.js';

/** What an iterable of chunks may offer, beside its chunks, to the one that iterates it directly. */
export interface ReusableChunks {
  /**
   * The caller is done with a chunk and with all views on it: its memory may be filled again. What this iterable did not give, or was
   * given back before, is passed over.
   */
  reuse(chunk: VectorMatrix): void;
}

/** The offer of a source of chunks; undefined where it makes none. */
export function reusableChunks(source: object): ReusableChunks | undefined {
  return 'reuse' in source && typeof source.reuse === 'function' ? (source as ReusableChunks) : undefined;
}
