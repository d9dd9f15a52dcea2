/**
 * `.csv` (RFC 4180): every line is a vector, numbers in double quotes or not, separated by commas; or by semicolons or tabs, where the
 * first line has those and no comma. A first line of names, or of numbers that count 0, 1, 2 and so on, is a header. A column that it calls `id`, in any case of letters and at any place, holds the ids, as
 * strings; one without a name, as data frames write their index, is passed over. Where a column is called `vector` or `vectors`, or by
 * the option `column`, each of its cells holds the whole vector: `"[0.6, 0.8]"`, with commas or spaces between the numbers.
 *
 * Rows may differ in length. An empty cell and what stands for a number that is none, as `nan`, are read as NaN or an infinity. Written
 * without names and ids.
 */
import { IndexingError } from '../base/errors.js';
import type { VectorId } from '../vectors/vector-id.js';
import { CLOSE_BRACKET, COMMA, LINE_FEED, OPEN_BRACKET, QUOTE, RETURN, SPACE, skipSpaces, TAB } from './ascii.js';
import { type CsvColumns, chooseColumns, type FieldRole, ONLY_COMPONENTS } from './csv-columns.js';
import { separatorOf, withCommas } from './csv-separator.js';
import type { Format, RowOptions, RowShape, RowsToWrite, VectorEncoder } from './format.js';
import { closingQuote } from './lines.js';
import { NumberList } from './number-list.js';
import { type LineFault, type LineParser, openTextRows } from './text-rows.js';
import { TextWriter } from './text-writer.js';

export const csv: Format = {
  hasColumns: true,
  hasHeader: true,
  readsPipes: true,
  open: async (source, options) => openTextRows(source, options, () => new CsvLineParser(source.name, options)),
  writer: { headerHolds: 'nothing', ragged: false, createEncoder },
};

/** Where a field lies: its content, without quotes, and what follows it, a comma or the line feed. */
interface Field {
  from: number;
  to: number;
  next: number;
  isQuoted: boolean;
}

class CsvLineParser implements LineParser {
  readonly numbers = new NumberList();
  readonly quoted = true;
  id: VectorId | undefined;
  readonly #file: string;
  readonly #options: RowOptions;
  readonly #field: Field = { from: 0, to: 0, next: 0, isQuoted: false };
  #columns: CsvColumns | undefined;
  #separator: number | undefined;

  constructor(file: string, options: RowOptions) {
    this.#file = file;
    this.#options = options;
  }

  parse(bytes: Uint8Array, start: number, end: number): 'row' | 'no row' | LineFault {
    this.#separator ??= separatorOf(bytes, start, end);
    if (this.#separator === COMMA) return this.#parse(bytes, start, end);
    const from = this.#separator === TAB ? firstTab(bytes, start) : start;
    return withCommas(bytes, from, end, this.#separator) ?? this.#parse(bytes, from, end);
  }

  #parse(bytes: Uint8Array, start: number, end: number): 'row' | 'no row' | LineFault {
    if (!this.#columns) {
      const fields = this.#split(bytes, start, end);
      if (!Array.isArray(fields)) return fields;
      const { isHeader, columns } = chooseColumns(this.#file, fields, this.#options);
      this.#columns = columns;
      if (isHeader) return 'no row';
    }
    const { numbers } = this;
    // By far the most lines: numbers, and nothing else.
    if (this.#columns === ONLY_COMPONENTS && numbers.scan(bytes, start, 'loose') && numbers.at === end) return 'row';
    return this.#parseFields(bytes, start, end, this.#columns);
  }

  #parseFields(bytes: Uint8Array, start: number, end: number, columns: CsvColumns): 'row' | LineFault {
    const { numbers } = this;
    const field = this.#field;
    numbers.length = 0;
    this.id = undefined;
    let column = 0;
    for (let at = start; ; at = field.next + 1, column++) {
      // Up to the next column of another kind, numbers are read as they stand.
      if (columns.onlyComponentsFrom <= column && bytes[skipSpaces(bytes, at)] !== QUOTE) {
        const before = numbers.length;
        const fault = this.#restOfNumbers(bytes, at, end);
        column += numbers.length - before - 1;
        if (fault === 'end') break;
        if (fault) return fault;
        continue;
      }
      const fault = readField(bytes, at, end, field) ?? this.#take(bytes, field, columns.roleOf(column));
      if (fault) return fault;
      if (field.next === end) break;
    }
    if (columns.count === undefined || column + 1 === columns.count) return 'row';
    return { at: start, expected: `${columns.count} fields, as the first line has`, found: `${column + 1}` };
  }

  /** Numbers up to the end, or up to a quote: then the field before it is the last that was taken. */
  #restOfNumbers(bytes: Uint8Array, from: number, end: number): LineFault | 'end' | undefined {
    const { numbers } = this;
    if (numbers.scan(bytes, from, 'loose', numbers.length)) {
      if (numbers.at === end) return 'end';
      return { at: numbers.at, expected: 'a comma or the end of the line' };
    }
    if (bytes[numbers.at] !== QUOTE) return { at: numbers.at, expected: 'a number' };
    // The numbers before the quote count; it is read as a field of its own.
    let comma = numbers.at - 1;
    while (bytes[comma] !== COMMA) comma--;
    numbers.length = numbers.found;
    this.#field.next = comma;
    return undefined;
  }

  #take(bytes: Uint8Array, field: Field, role: FieldRole): LineFault | undefined {
    if (role === 'ignored') return undefined;
    if (role === 'id') return this.#takeId(bytes, field);
    return role === 'list' ? this.#takeList(bytes, field) : this.#takeNumber(bytes, field);
  }

  #takeId(bytes: Uint8Array, { from, to, isQuoted }: Field): LineFault | undefined {
    try {
      const text = utf8.decode(bytes.subarray(from, to));
      this.id = isQuoted ? text.replaceAll('""', '"') : text.trim();
      return undefined;
    } catch {
      return { at: from, expected: 'an id in UTF-8', found: 'other bytes' };
    }
  }

  #takeNumber(bytes: Uint8Array, { from, to, isQuoted }: Field): LineFault | undefined {
    const { numbers } = this;
    const start = skipBlanks(bytes, from, to);
    if (start === to) {
      numbers.append(Number.NaN);
      return undefined;
    }
    if (bytes[start] === OPEN_BRACKET) return this.#takeListAt(bytes, start, to, isQuoted);
    if (!numbers.scan(bytes, start, 'loose', numbers.length, 1)) return { at: numbers.at, expected: 'a number' };
    if (numbers.at >= to) return undefined;
    return { at: numbers.at, expected: isQuoted ? 'a number alone in quotes' : 'a comma or the end of the line' };
  }

  /** The whole vector in a cell; an empty one has no components. */
  #takeList(bytes: Uint8Array, { from, to, isQuoted }: Field): LineFault | undefined {
    const start = skipBlanks(bytes, from, to);
    if (start === to || /^(?:null|none|nan|na)$/i.test(latin1.decode(bytes.subarray(start, Math.min(to, start + 5)))))
      return undefined;
    return this.#takeListAt(bytes, start, to, isQuoted);
  }

  #takeListAt(bytes: Uint8Array, start: number, to: number, isQuoted: boolean): LineFault | undefined {
    const { numbers } = this;
    const inBrackets = bytes[start] === OPEN_BRACKET;
    // Commas are within the cell only where it is quoted.
    const most = isQuoted ? Number.POSITIVE_INFINITY : 1;
    let at = skipBlanks(bytes, inBrackets ? start + 1 : start, to);
    while (at < to && bytes[at] !== CLOSE_BRACKET) {
      if (!numbers.scan(bytes, at, 'loose', numbers.length, most) || numbers.at === at)
        return { at: numbers.at, expected: 'a number' };
      at = skipBlanks(bytes, numbers.at, to);
    }
    if (!inBrackets) return undefined;
    const closed = at < to && skipBlanks(bytes, at + 1, to) === to;
    return closed ? undefined : { at, expected: 'a list that ends with ] in its cell' };
  }

  /** The texts of a line's fields, for a first line. */
  #split(bytes: Uint8Array, start: number, end: number): string[] | LineFault {
    const texts: string[] = [];
    for (let at = start; ; at = this.#field.next + 1) {
      const fault = readField(bytes, at, end, this.#field);
      if (fault) return fault;
      const { from, to, next, isQuoted } = this.#field;
      const text = new TextDecoder().decode(bytes.subarray(from, to));
      texts.push(isQuoted ? text.replaceAll('""', '"') : text.trim());
      if (next === end) return texts;
    }
  }
}

/** Reads the field that begins at `at`. Quotes count where they are the first that is no white space. */
function readField(bytes: Uint8Array, at: number, end: number, field: Field): LineFault | undefined {
  const start = skipSpaces(bytes, at);
  field.isQuoted = start < end && bytes[start] === QUOTE;
  if (!field.isQuoted) {
    const comma = bytes.subarray(at, end).indexOf(COMMA);
    field.next = comma === -1 ? end : at + comma;
    field.from = Math.min(start, field.next);
    field.to = field.next;
    while (field.to > field.from && isBlank(bytes[field.to - 1]!)) field.to--;
    return undefined;
  }
  const close = closingQuote(bytes, start, end);
  if (close === -1) return { at: start, expected: 'a quote that is closed', found: 'none to the end of the file' };
  const next = Math.min(end, skipSpaces(bytes, close + 1));
  if (next < end && bytes[next] !== COMMA)
    return { at: next, expected: 'a comma or the end of the line behind a quote' };
  field.from = start + 1;
  field.to = close;
  field.next = next;
  return undefined;
}

/** A tab that separates is no white space: before it is an empty field. */
function firstTab(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at - 1] === TAB) at--;
  return at;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN || byte === LINE_FEED;
}

function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(bytes[at]!)) at++;
  return at;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder('latin1');

function countsUp(row: Float32Array): boolean {
  return row.every((value, i) => Object.is(value, i));
}

function createEncoder(shape: RowShape, file: string): VectorEncoder {
  if (shape.kind !== 'vectors')
    throw new IndexingError('InvalidConfiguration', `${file}: .csv holds vectors only; name a .npy file`);
  const text = new TextWriter(file);
  let isFirst = true;
  return {
    header: () => new Uint8Array(0),
    *encode({ data, dims }: RowsToWrite) {
      for (let at = 0; at < data.length; at += dims) {
        // A first row 0, 1, 2 would be read as a header; 0.0 tells that it is none.
        if (isFirst && countsUp(data.subarray(at, at + dims))) text.write('0.');
        isFirst = false;
        text.writeNumbers(data, at, dims);
        text.write('\n');
        if (text.isFull) yield text.take();
      }
      yield text.take();
    },
  };
}
