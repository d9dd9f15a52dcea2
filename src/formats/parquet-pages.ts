/**
 * Checks the pages of a Parquet column before hyparquet, which trusts them, reads them: sizes lie within the column, counts
 * within what the column says, run lengths within those counts, and numbers within their page. So reading takes time and
 * memory in proportion to the counts, which `requirePlausible` bounds by the size of the file.
 *
 * Numbers of fields, page types and encodings are those of parquet.thrift.
 */
import { checkDeltaPrefixes, checkDeltas, checkDeltaTexts } from './parquet-deltas.js';
import { ThriftReader, type ThriftStruct } from './thrift.js';

/** What the schema and the column's metadata say. */
export interface ColumnShape {
  readonly type: 'FLOAT' | 'DOUBLE' | 'INT32' | 'INT64' | 'BYTE_ARRAY' | 'FIXED_LEN_BYTE_ARRAY';
  /** The least bytes of a plain value. */
  readonly itemBytes: number;
  /** Values in all its data pages. */
  readonly count: number;
  readonly isCompressed: boolean;
  readonly maxRepetition: number;
  readonly maxDefinition: number;
}

/** Throws for what a page must not hold, once it is known: a page as it is uncompressed. */
export type PageCheck = (page: Uint8Array) => void;

const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;
const DATA_PAGE_V2 = 3;

const PLAIN = 0;
const PLAIN_DICTIONARY = 2;
const DELTA_BINARY_PACKED = 5;
const DELTA_LENGTH_BYTE_ARRAY = 6;
const DELTA_BYTE_ARRAY = 7;
const RLE_DICTIONARY = 8;
const BYTE_STREAM_SPLIT = 9;

/**
 * Checks all pages of a column. Gives the checks that are left for its compressed pages, in their order.
 * @param spend counts the bytes that pages unfold to beyond their own, and throws when there are too many
 */
export function checkPages(bytes: Uint8Array, column: ColumnShape, spend: (bytes: number) => void): PageCheck[] {
  const pending: PageCheck[] = [];
  let left = column.count;
  const reader = new ThriftReader(bytes);
  // As hyparquet has it: the last byte alone is no page.
  while (reader.offset < bytes.length - 1) {
    const header = reader.struct();
    const size = integer(header, 3);
    if (size > bytes.length - reader.offset) throw new Error(`a page of ${size} bytes does not fit into its column`);
    const page = bytes.subarray(reader.offset, reader.offset + size);
    reader.offset += size;
    const type = integer(header, 1);
    const details = header.get(type === DATA_PAGE ? 5 : type === DICTIONARY_PAGE ? 7 : type === DATA_PAGE_V2 ? 8 : -1);
    if (!(details instanceof Map)) throw new Error(`a page of type ${type} without a header of its own`);
    const count = integer(details, 1);
    if (type === DICTIONARY_PAGE) {
      const check: PageCheck = (values) => checkPlain(values, 0, column, count);
      if (column.isCompressed) pending.push(check);
      else check(page);
      continue;
    }
    left -= count;
    if (left < 0) throw new Error(`its pages have more than the ${column.count} values of the column`);
    if (type === DATA_PAGE) {
      const check: PageCheck = (values) => checkDataPage(values, details, column, count, spend);
      if (column.isCompressed) pending.push(check);
      else check(page);
    } else {
      const values = checkLevelsV2(page, details, column, count);
      const nulls = integer(details, 2);
      if (nulls > count) throw new Error(`${nulls} of ${count} values of a page are null`);
      const check: PageCheck = (data) => checkValues(data, 0, integer(details, 4), column, count - nulls, 2, spend);
      if (column.isCompressed && details.get(7) !== false) pending.push(check);
      else check(values);
    }
  }
  return pending;
}

function checkDataPage(
  page: Uint8Array,
  details: ThriftStruct,
  column: ColumnShape,
  count: number,
  spend: (bytes: number) => void,
): void {
  let at = 0;
  let present = count;
  for (const [level, most] of [column.maxRepetition, column.maxDefinition].entries()) {
    if (most === 0) continue;
    if (at + 4 > page.length) throw new Error('a page ends before its levels');
    const bytes = new DataView(page.buffer, page.byteOffset + at, 4).getUint32(0, true);
    const highest = checkRuns(page, at + 4, bitWidth(most), count, most);
    if (level === 1) present = highest;
    at += 4 + bytes;
  }
  checkValues(page, at, integer(details, 2), column, present, 1, spend);
}

/** Levels stand before the values, uncompressed. Gives the bytes of the values. */
function checkLevelsV2(page: Uint8Array, details: ThriftStruct, column: ColumnShape, count: number): Uint8Array {
  const [definitionBytes, repetitionBytes] = [integer(details, 5), integer(details, 6)];
  if (definitionBytes + repetitionBytes > page.length) throw new Error('levels do not fit into their page');
  if (column.maxDefinition === 0 && definitionBytes > 0) throw new Error('levels of what cannot be null');
  if (column.maxRepetition > 0) checkRuns(page, 0, bitWidth(column.maxRepetition), count);
  if (column.maxDefinition > 0) checkRuns(page, repetitionBytes, bitWidth(column.maxDefinition), count);
  return page.subarray(repetitionBytes + definitionBytes);
}

function checkValues(
  page: Uint8Array,
  at: number,
  encoding: number,
  column: ColumnShape,
  count: number,
  version: 1 | 2,
  spend: (bytes: number) => void,
): void {
  const { type } = column;
  const isInteger = type === 'INT32' || type === 'INT64';
  const isBytes = type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY';
  if (encoding === PLAIN || (encoding === BYTE_STREAM_SPLIT && type !== 'BYTE_ARRAY'))
    checkPlain(page, at, column, count);
  else if (encoding === PLAIN_DICTIONARY || encoding === RLE_DICTIONARY) {
    const width = new ThriftReader(page, at).byte();
    if (width > 32) throw new Error(`places in a dictionary of ${width} bits`);
    // Runs of no bits are read in pages of version 2 only.
    if (width > 0 || version === 2) checkRuns(page, at + 1, width, count);
  } else if (encoding === DELTA_BINARY_PACKED && isInteger) checkDeltas(page, at, count);
  else if (encoding === DELTA_LENGTH_BYTE_ARRAY && type === 'BYTE_ARRAY') checkDeltaTexts(page, at, count);
  else if (encoding === DELTA_BYTE_ARRAY && isBytes) checkDeltaPrefixes(page, at, count, spend);
  else throw new Error(`values of the type ${type} in the encoding ${encoding} are not read`);
}

function checkPlain(page: Uint8Array, at: number, { itemBytes }: ColumnShape, count: number): void {
  if (at + count * itemBytes > page.length) throw new Error(`${count} values do not fit into their page`);
}

/**
 * Walks the runs of `count` values of `width` bits, of one value or bit-packed, as they are read later: none is longer than
 * what is left, and bits are there. Gives how many are `wanted`.
 */
function checkRuns(page: Uint8Array, at: number, width: number, count: number, wanted = -1): number {
  const reader = new ThriftReader(page, at);
  let found = 0;
  for (let seen = 0; seen < count; ) {
    const header = reader.varint() >>> 0;
    if (header % 2 === 0) {
      const run = header / 2;
      if (run > count - seen) throw new Error(`a run of ${run} where ${count - seen} values are left`);
      let value = 0;
      for (let i = 0; 8 * i < width; i++) value |= reader.byte() << (8 * i);
      if (value === wanted) found += run;
      seen += run;
    } else {
      const run = 8 * ((header - 1) / 2);
      const start = reader.offset;
      // Read as a signed number later. Values of no bits could be any number.
      const isTooLong = header >= 2 ** 28 || (width === 0 && run > count - seen + 7);
      if (isTooLong || (run / 8) * width > page.length - start)
        throw new Error(`${run} values of ${width} bits do not fit into their page`);
      const used = Math.min(run, count - seen);
      if (wanted >= 0) for (let i = 0; i < used; i++) if (bitsAt(page, start, i * width, width) === wanted) found++;
      // Without bits a byte is taken all the same.
      reader.offset = start + Math.max(1, (run / 8) * width);
      seen += used;
    }
  }
  return found;
}

/** Levels are of 6 bits at most, and so in two bytes. */
function bitsAt(page: Uint8Array, start: number, bit: number, width: number): number {
  const byte = start + (bit >> 3);
  return (((page[byte]! | ((page[byte + 1] ?? 0) << 8)) >> (bit & 7)) & ((1 << width) - 1)) >>> 0;
}

function bitWidth(value: number): number {
  return 32 - Math.clz32(value);
}

/** A field that is a count or a size. */
function integer(struct: ThriftStruct, field: number): number {
  const value = struct.get(field);
  if (typeof value === 'number' && value >= 0) return value;
  throw new Error(`field ${field} of the header of a page is not a number from 0 on`);
}

/** A literal's length is read as a signed number later, and would go back where it is below zero. */
export function checkSnappy(input: Uint8Array): void {
  let at = 0;
  while (at < input.length && input[at++]! >= 0x80);
  while (at < input.length) {
    const tag = input[at++]!;
    const kind = tag & 3;
    const literal = (tag >> 2) + 1;
    // Behind a tag stand the bytes of a copy's offset, or of a literal's length where that is more than 60.
    const extra = kind === 0 ? Math.max(0, literal - 60) : kind === 3 ? 4 : kind;
    let length = kind === 0 ? Math.min(literal, 61) : 0;
    if (kind === 0 && extra > 0) {
      length = 1;
      for (let i = 0; i < extra; i++) length += (input[at + i] ?? 0) * 256 ** i;
    }
    at += extra + length;
    if (at > input.length) throw new Error('a compressed page ends too early');
  }
}
