/**
 * Damage in what other writers make of Parquet and Arrow: encodings, nulls, dictionaries, the stream form. It ends in rows or in
 * the contract's error; what the packages would make of such counts by themselves is a loop of 2^31 steps.
 */
import { readFileSync } from 'node:fs';
import {
  Dictionary,
  Field,
  Float64,
  Int32,
  List,
  Table,
  TimestampMillisecond,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { IndexingError } from '../../src/base/errors.js';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { checkSnappy } from '../../src/formats/parquet-pages.js';
import { parquetByArrowRs as arrowRs, ids as arrowRsIds, rows as arrowRsRows } from './arrow-rs.js';
import { collectRows, createRandom, expectRefusal } from './support.js';

const rows = Array.from({ length: 200 }, (_, row) => Array.from({ length: 8 }, (_, i) => (row % 3) + (i % 2)));
const texts = rows.map((_, row) => `id${row % 5}`);
const numbers = rows.map((_, row) => row);

type Encoding =
  | 'PLAIN'
  | 'RLE_DICTIONARY'
  | 'BYTE_STREAM_SPLIT'
  | 'DELTA_BINARY_PACKED'
  | 'DELTA_LENGTH_BYTE_ARRAY'
  | 'DELTA_BYTE_ARRAY';

function parquetOf(vectors: Encoding, ids: Encoding): Uint8Array {
  const isNumber = ids === 'DELTA_BINARY_PACKED';
  return new Uint8Array(
    parquetWriteBuffer({
      codec: vectors === 'PLAIN' ? 'SNAPPY' : 'UNCOMPRESSED',
      pageSize: 2000,
      columnData: [
        { name: 'id', data: isNumber ? numbers : texts, encoding: ids },
        { name: 'vector', data: rows, encoding: vectors },
      ],
      schema: [
        { name: 'root', num_children: 2 },
        isNumber
          ? { name: 'id', type: 'INT32', repetition_type: 'REQUIRED' }
          : { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
        { name: 'vector', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'FLOAT', repetition_type: 'OPTIONAL' },
      ],
    }),
  );
}

function arrowOf(form: 'file' | 'stream'): Uint8Array {
  const table = new Table({
    id: vectorFromArray(texts, new Dictionary(new Utf8(), new Int32())),
    when: vectorFromArray(numbers, new TimestampMillisecond('UTC')),
    vector: vectorFromArray(rows, new List(new Field('item', new Float64(), true))),
  });
  return tableToIPC(table, form);
}

const polars = (codec: string) =>
  new Uint8Array(readFileSync(new URL(`fixtures/polars-${codec}.arrow`, import.meta.url)));
const polarsRows = Array.from({ length: 60 }, (_, row) => Array.from({ length: 4 }, (_, i) => (row % 7) + i / 4));
const polarsIds = polarsRows.map((_, row) => `document number ${row}`);

interface Variant {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly ids: readonly (string | number)[];
  readonly rows?: readonly (readonly number[])[];
}

const variants: readonly Variant[] = [
  { name: 'snappy.parquet', bytes: parquetOf('PLAIN', 'PLAIN'), ids: texts },
  { name: 'dictionary.parquet', bytes: parquetOf('RLE_DICTIONARY', 'RLE_DICTIONARY'), ids: texts },
  { name: 'split.parquet', bytes: parquetOf('BYTE_STREAM_SPLIT', 'DELTA_BINARY_PACKED'), ids: numbers },
  { name: 'lengths.parquet', bytes: parquetOf('BYTE_STREAM_SPLIT', 'DELTA_LENGTH_BYTE_ARRAY'), ids: texts },
  { name: 'prefixes.parquet', bytes: parquetOf('BYTE_STREAM_SPLIT', 'DELTA_BYTE_ARRAY'), ids: texts },
  { name: 'zstd.parquet', bytes: arrowRs({ codec: 'ZSTD', version: 'V2' }), ids: arrowRsIds.text, rows: arrowRsRows },
  { name: 'lz4.parquet', bytes: arrowRs({ codec: 'LZ4_RAW' }), ids: arrowRsIds.text, rows: arrowRsRows },
  { name: 'lz4.arrow', bytes: polars('lz4'), ids: polarsIds, rows: polarsRows },
  { name: 'zstd.arrow', bytes: polars('zstd'), ids: polarsIds, rows: polarsRows },
  { name: 'file.arrow', bytes: arrowOf('file'), ids: texts },
  { name: 'stream.arrow', bytes: arrowOf('stream'), ids: texts },
];

describe.each(variants)('$name', ({ name, bytes: whole, ids, rows: made = rows }) => {
  const read = (bytes: Uint8Array) => collectRows(readVectors(new File([Uint8Array.from(bytes)], name)));

  test('is read whole', async () => {
    expect(await read(whole)).toEqual({ rows: made, ids });
  });

  test('damaged anywhere, it is refused or read', { timeout: 240_000 }, async () => {
    const random = createRandom(20_261_123);
    for (let round = 0; round < 150; round++) {
      const bytes = whole.slice();
      const last = Math.min(bytes.length, 400);
      const at = () => (round % 2 ? random(bytes.length) : bytes.length - 1 - random(last));
      // Counts become the largest there are, or below zero.
      for (let flips = random(3); flips >= 0; flips--) bytes[at()] = [0xff, 0x7f, 0x80, random(256)][random(4)]!;
      try {
        await read(bytes);
      } catch (error) {
        if (!(error instanceof IndexingError)) throw error;
        expect(error.message).toContain(name);
      }
    }
  });
});

test('a literal in Snappy of nearly 2^32 bytes, which would be read backwards without end, is refused', () => {
  const literal = (length: number) =>
    Uint8Array.of(8, 0xfc, ...new Uint8Array(Uint32Array.of(length - 1).buffer), 1, 2, 3);
  expect(() => checkSnappy(literal(3))).not.toThrow();
  expect(() => checkSnappy(literal(2 ** 32 - 5))).toThrow(/too early/);
});

test('what is compressed and claims more than 1,032 times the file is refused before memory is taken for it', async () => {
  const read = (bytes: Uint8Array, name: string) => collectRows(readVectors(new File([Uint8Array.from(bytes)], name)));
  const expected = /data: expected at most \d+ bytes in \d+, found \d+ or more/;

  const batch = polars('zstd');
  const magic = Buffer.from(batch.buffer).indexOf(Buffer.of(0x28, 0xb5, 0x2f, 0xfd));
  new DataView(batch.buffer).setBigInt64(magic - 8, 2n ** 40n, true);
  await expectRefusal(() => read(batch, 'x.arrow'), expected);

  const page = parquetWriteBuffer({
    codec: 'ZSTD',
    // A raw block, which of the large page holds nothing.
    compressors: {
      ZSTD: (input) => {
        const raw = input.length < 1000 ? input : new Uint8Array(0);
        const size = 1 | (raw.length << 3);
        return Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0, size & 255, size >> 8, 0, ...raw);
      },
    },
    columnData: [
      { name: 'id', data: ['a'.repeat(2 ** 22)], encoding: 'PLAIN' },
      { name: 'vector', data: [rows[0]!] },
    ],
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'vector', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'OPTIONAL' },
    ],
    statistics: false,
  });
  await expectRefusal(() => read(new Uint8Array(page), 'x.parquet'), expected);
});
