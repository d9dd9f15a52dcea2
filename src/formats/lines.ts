/**
 * The lines of a source in bounded memory: pieces of whole lines, about a megabyte each. A line longer than
 * `MAX_LINE_BYTES` is refused; memory grows to that bound at most, and only for lines that need it.
 */
import { LINE_FEED } from './ascii.js';
import type { ByteSource } from './format.js';
import { malformed } from './malformed.js';

/** 2^26 bytes hold some three million components. */
export const MAX_LINE_BYTES: number = 2 ** 26;
const BLOCK_BYTES = 2 ** 20;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Whole lines in `bytes` from `start` to `end`; `bytes[end - 1]` is a line feed. Valid until the next piece is asked for. */
export interface Lines {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Offset in the source of `bytes[0]`. */
  readonly byteOffset: number;
}

/** Every line is ended by a line feed, also the last one of a source that does not end with one. */
export async function* readLines(source: ByteSource): AsyncGenerator<Lines, void, undefined> {
  const { name, byteLength } = source;
  // One byte more, for the line feed that a last line may lack.
  let bytes = new Uint8Array(Math.min(BLOCK_BYTES, byteLength) + 1);
  let byteOffset = 0;
  /** Bytes in memory: those of a line that is not whole yet. */
  let kept = 0;
  let skipped = 0;
  while (byteOffset + kept < byteLength) {
    if (kept === bytes.length - 1) {
      if (kept >= MAX_LINE_BYTES)
        throw malformed(name, `byte ${byteOffset}`, `lines of at most ${MAX_LINE_BYTES} bytes`, 'a longer one');
      const grown = new Uint8Array(Math.min(2 * kept, MAX_LINE_BYTES, byteLength - byteOffset) + 1);
      grown.set(bytes.subarray(0, kept));
      bytes = grown;
    }
    let filled = Math.min(bytes.length - 1, byteLength - byteOffset);
    await source.readInto(bytes.subarray(kept, filled), byteOffset + kept);
    if (byteOffset === 0 && kept === 0 && BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte)) skipped = 3;
    if (byteOffset + filled === byteLength && bytes[filled - 1] !== LINE_FEED) bytes[filled++] = LINE_FEED;
    const end = bytes.subarray(kept, filled).lastIndexOf(LINE_FEED) + kept + 1;
    if (end > kept) {
      yield { bytes, start: skipped, end, byteOffset };
      skipped = 0;
      bytes.copyWithin(0, end, filled);
      byteOffset += end;
      kept = Math.max(0, filled - end);
    } else {
      kept = filled;
    }
  }
}
