/**
 * What text formats have in common: one row in each line, read in bounded memory. Empty lines are passed over. Only reading
 * tells how many rows there are and how long each is.
 */
import type { VectorId } from '../vectors/vector-id.js';
import { LINE_FEED, skipSpaces } from './ascii.js';
import type { ByteSource, RowOptions, VectorRows } from './format.js';
import { readLines } from './lines.js';
import { malformed, requireDims } from './malformed.js';
import type { NumberList } from './number-list.js';
import type { RowChunk } from './row-chunk.js';
import { ChunkMemories } from './row-chunks.js';
import { RowCollector } from './row-collector.js';

/** A fault in a line, and the byte of the line that it is at. */
export interface LineFault {
  readonly at: number;
  readonly expected: string;
  /** Default: what stands there. */
  readonly found?: string;
}

export interface LineParser {
  /** Whether a field in double quotes may hold line feeds. */
  readonly quoted: boolean;
  /** The components of the last row. */
  readonly numbers: NumberList;
  /** Its id. */
  readonly id: VectorId | undefined;
  /**
   * Reads the line from `start`, its first byte that is no space, to `end`, its line feed. `'row'`, `'no row'` (a header),
   * or what is wrong.
   */
  parse(bytes: Uint8Array, start: number, end: number): 'row' | 'no row' | LineFault;
}

export function openTextRows(
  source: ByteSource,
  { dims, chunkVectors }: RowOptions,
  createParser: () => LineParser,
): VectorRows {
  return {
    dims,
    count: undefined,
    dtype: 'text',
    chunks: (memories = new ChunkMemories()) => {
      // A number and its comma take at least two bytes.
      const rows = new RowCollector(memories, chunkVectors, Math.ceil(source.byteLength / 2));
      return textChunks(source, dims, rows, createParser());
    },
  };
}

async function* textChunks(
  source: ByteSource,
  dims: number | undefined,
  rows: RowCollector,
  parser: LineParser,
): AsyncGenerator<RowChunk, void, undefined> {
  let line = 0;
  for await (const { bytes, start: first, end: last, byteOffset, endOf } of readLines(source, parser.quoted)) {
    for (let at = first; at < last; ) {
      const end = endOf(at);
      line++;
      const start = skipSpaces(bytes, at);
      const parsed = start < end ? parser.parse(bytes, start, end) : 'no row';
      if (parsed === 'row') {
        const { numbers, id } = parser;
        requireDims(source.name, place(line, byteOffset + at), dims, numbers.length);
        if (rows.isFullFor(numbers.length, id)) yield rows.take();
        rows.add(numbers.values, numbers.length, id);
      } else if (parsed !== 'no row') {
        const found = parsed.found ?? excerpt(bytes, parsed.at, end);
        throw malformed(source.name, place(line, byteOffset + parsed.at), parsed.expected, found);
      }
      // A row may stand on several lines of the file.
      if (parser.quoted) line += countByte(bytes, at, end);
      at = end + 1;
    }
  }
  if (!rows.isEmpty) yield rows.take();
}

function countByte(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = bytes.subarray(from, to).indexOf(LINE_FEED); at !== -1; count++) {
    const next = bytes.subarray(from + at + 1, to).indexOf(LINE_FEED);
    at = next === -1 ? -1 : at + 1 + next;
  }
  return count;
}

function place(line: number, byteOffset: number): string {
  return `line ${line} (byte ${byteOffset})`;
}

/** What stands there, cut short: a line may be long and hold anything. */
function excerpt(bytes: Uint8Array, at: number, end: number): string {
  if (at >= end || bytes[at] === LINE_FEED) return 'the end of the line';
  const text = new TextDecoder().decode(bytes.subarray(at, Math.min(end, at + 20)));
  return JSON.stringify(text);
}
