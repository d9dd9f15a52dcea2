/**
 * `.csv`: every line is a vector, numbers separated by commas. A first line of names is passed over; where its first name is
 * `id`, the first field of every line is the row's id, a string (in double quotes, doubled inside, where it holds commas).
 * Rows may differ in length. `nan` and the like are no numbers here. Written without names and ids.
 */
import { IndexingError } from '../base/errors.js';
import type { VectorId } from '../vectors/vector-id.js';
import { COMMA, NINE, QUOTE, skipSpaces } from './ascii.js';
import type { Format, RowShape, RowsToWrite, VectorEncoder } from './format.js';
import { NumberList } from './number-list.js';
import { type LineFault, type LineParser, openTextRows } from './text-rows.js';
import { TextWriter } from './text-writer.js';

export const csv: Format = {
  open: async (source, options) => openTextRows(source, options, () => new CsvLineParser()),
  writer: { headerHolds: 'nothing', ragged: false, createEncoder },
};

class CsvLineParser implements LineParser {
  readonly numbers = new NumberList();
  id: VectorId | undefined;
  #hasIds: boolean | undefined;

  parse(bytes: Uint8Array, start: number, end: number): 'row' | 'no row' | LineFault {
    if (this.#hasIds === undefined) {
      const names = namesOf(bytes, start, end);
      this.#hasIds = names?.[0]?.toLowerCase() === 'id';
      if (names) return 'no row';
    }
    let at = start;
    if (this.#hasIds) {
      const behind = this.#readId(bytes, start, end);
      if (typeof behind !== 'number') return behind;
      at = behind;
    }
    const { numbers } = this;
    if (!numbers.scan(bytes, at, 'loose')) return { at: numbers.at, expected: 'a number' };
    return numbers.at === end ? 'row' : { at: numbers.at, expected: 'a comma or the end of the line' };
  }

  /** Where the field behind the id begins, or what is wrong. */
  #readId(bytes: Uint8Array, start: number, end: number): number | LineFault {
    let close = bytes[start] === QUOTE ? closingQuote(bytes, start, end) : bytes.indexOf(COMMA, start);
    if (close === -1 || close > end) close = end;
    const comma = skipSpaces(bytes, bytes[close] === QUOTE ? close + 1 : close);
    if (bytes[comma] !== COMMA || comma > end) return { at: comma, expected: 'a comma and a number behind the id' };
    try {
      const quoted = bytes[start] === QUOTE;
      const text = utf8.decode(bytes.subarray(quoted ? start + 1 : start, close));
      this.id = quoted ? text.replaceAll('""', '"') : text.trim();
    } catch {
      return { at: start, expected: 'an id in UTF-8', found: 'other bytes' };
    }
    return comma + 1;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function closingQuote(bytes: Uint8Array, open: number, end: number): number {
  for (let at = open + 1; at < end; at++) {
    if (bytes[at] !== QUOTE) continue;
    if (bytes[at + 1] !== QUOTE) return at;
    at++;
  }
  return -1;
}

/** What can be the name of a column: not what other programs write for a number that is none. */
const NAME = /^(?!(?:nan|inf|infinity|null|none|na)$)[\p{L}_][^,\p{Cc}]*$/iu;

/** The names of a first line in which every field is one; undefined where it is a row. */
function namesOf(bytes: Uint8Array, start: number, end: number): string[] | undefined {
  if (bytes[start]! < QUOTE || (bytes[start]! > QUOTE && bytes[start]! <= NINE)) return undefined;
  const fields = new TextDecoder().decode(bytes.subarray(start, end)).split(',');
  const names = fields.map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
  return names.every((name) => NAME.test(name)) ? names : undefined;
}

function createEncoder(shape: RowShape, file: string): VectorEncoder {
  if (shape.kind !== 'vectors')
    throw new IndexingError('InvalidConfiguration', `${file}: .csv holds vectors only; name a .npy file`);
  const text = new TextWriter(file);
  return {
    header: () => new Uint8Array(0),
    *encode({ data, dims }: RowsToWrite) {
      for (let at = 0; at < data.length; at += dims) {
        text.writeNumbers(data, at, dims);
        text.write('\n');
        if (text.isFull) yield text.take();
      }
      yield text.take();
    },
  };
}
