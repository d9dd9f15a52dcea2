/**
 * The lines of a source in bounded memory: pieces of whole lines, about a megabyte each. A line longer than
 * `MAX_LINE_BYTES` is refused; memory grows to that bound at most, and only for lines that need it.
 */
import { COMMA, LINE_FEED, QUOTE, RETURN, SPACE, TAB } from './ascii.js';
import { readUpTo } from './byte-sources.js';
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
  /** Where the line that begins at a place ends: at its line feed. */
  endOf(start: number): number;
}

/**
 * Every line is ended by a line feed, also the last one of a source that does not end with one.
 *
 * @param quoted whether a field in double quotes may hold line feeds, which then end no line (RFC 4180)
 */
export async function* readLines(source: ByteSource, quoted = false): AsyncGenerator<Lines, void, undefined> {
  const { name, byteLength } = source;
  const findEnd = quoted ? endOfQuotedLine : endOfLine;
  // One byte more, for the line feed that a last line may lack.
  let bytes = new Uint8Array(Math.min(BLOCK_BYTES, byteLength) + 1);
  let byteOffset = 0;
  /** Bytes in memory: those of a line that is not whole yet. */
  let kept = 0;
  /** The first of them that is not known to be of that line. */
  let start = 0;
  for (let ended = false; !ended; ) {
    if (kept === bytes.length - 1) {
      if (kept >= MAX_LINE_BYTES)
        throw malformed(name, `byte ${byteOffset}`, `lines of at most ${MAX_LINE_BYTES} bytes`, 'a longer one');
      const grown = new Uint8Array(
        Math.min(Math.max(BLOCK_BYTES, 2 * kept), MAX_LINE_BYTES, byteLength - byteOffset) + 1,
      );
      grown.set(bytes.subarray(0, kept));
      bytes = grown;
    }
    const wanted = bytes.subarray(kept, Math.min(bytes.length - 1, byteLength - byteOffset));
    const read = await readUpTo(source, wanted, byteOffset + kept);
    let filled = kept + read;
    if (byteOffset === 0 && kept < 3 && filled >= 3 && BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte))
      start = 3;
    ended = read < wanted.length || byteOffset + filled === byteLength;
    if (filled === start && ended) break;
    if (ended && filled > 0 && bytes[filled - 1] !== LINE_FEED) bytes[filled++] = LINE_FEED;
    let end = quoted
      ? wholeLines(bytes, start, filled)
      : bytes.subarray(kept, filled).lastIndexOf(LINE_FEED) + kept + 1;
    // A quote that nothing closes: the last line is what is left, and whoever parses it says so.
    if (ended && end < filled) end = filled;
    if (end > Math.max(start, quoted ? 0 : kept)) {
      const last = end;
      const inPiece = (from: number) => Math.min(findEnd(bytes, from, last), last - 1);
      yield { bytes, start, end, byteOffset, endOf: inPiece };
      start = 0;
      bytes.copyWithin(0, end, filled);
      byteOffset += end;
      kept = Math.max(0, filled - end);
    } else {
      kept = filled;
    }
  }
}

function endOfLine(bytes: Uint8Array, start: number): number {
  return bytes.indexOf(LINE_FEED, start);
}

/** The line feed that is outside of quotes; `limit` where there is none before. */
function endOfQuotedLine(bytes: Uint8Array, start: number, limit: number): number {
  let end = bytes.indexOf(LINE_FEED, start);
  if (end === -1 || end >= limit) return limit;
  // Looked for within the line only: by far the most have no quotes.
  const nextQuote = (from: number) => {
    const at = bytes.subarray(from, end).indexOf(QUOTE);
    return at === -1 ? -1 : from + at;
  };
  for (let quote = nextQuote(start); quote !== -1; ) {
    if (!beginsField(bytes, start, quote)) {
      quote = nextQuote(quote + 1);
      continue;
    }
    const close = closingQuote(bytes, quote, limit);
    if (close === -1) return limit;
    if (close > end) {
      end = bytes.indexOf(LINE_FEED, close);
      if (end === -1 || end >= limit) return limit;
    }
    quote = nextQuote(close + 1);
  }
  return end;
}

/** Whether nothing but white space stands between a quote and the comma, or the begin of the line, before it. */
function beginsField(bytes: Uint8Array, start: number, quote: number): boolean {
  let before = quote - 1;
  while (before >= start && (bytes[before] === SPACE || bytes[before] === TAB)) before--;
  return before < start || bytes[before] === COMMA || bytes[before] === LINE_FEED || bytes[before] === RETURN;
}

/** The quote that closes the one at `open`; two together are one inside. -1 where there is none. */
export function closingQuote(bytes: Uint8Array, open: number, end: number): number {
  for (let at = bytes.indexOf(QUOTE, open + 1); at !== -1 && at < end; at = bytes.indexOf(QUOTE, at + 2)) {
    if (bytes[at + 1] !== QUOTE || at + 1 >= end) return at;
  }
  return -1;
}

/** Where the last whole line ends, behind its line feed; `start` where none is whole. */
function wholeLines(bytes: Uint8Array, start: number, filled: number): number {
  let end = start;
  // Without a quote in all of them, the last line feed is the one.
  if (bytes.subarray(start, filled).indexOf(QUOTE) === -1)
    return bytes.subarray(start, filled).lastIndexOf(LINE_FEED) + start + 1;
  for (let at = start; at < filled; ) {
    const next = endOfQuotedLine(bytes, at, filled);
    if (next >= filled) break;
    end = next + 1;
    at = end;
  }
  return end;
}
