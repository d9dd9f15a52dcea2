/**
 * Files as arrow-rs, Polars and the like write them, in codecs, encodings and types that the packages' own writers do not make.
 */
import { readFile } from 'node:fs/promises';
import { Float16 } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { ids, parquetByArrowRs, rows, type Written } from './arrow-rs.js';
import { collectRows, expectRefusal } from './support.js';

const read = (bytes: Uint8Array, name: string) =>
  collectRows(readVectors(new File([Uint8Array.from(bytes)], name), { chunkVectors: 70 }));

describe('Parquet by arrow-rs', () => {
  const codecs = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD', 'LZ4_RAW'] as const;
  const versions = ['V1', 'V2'] as const;

  test.each(codecs.flatMap((codec) => versions.map((version) => [codec, version] as const)))(
    '%s in pages of %s, whatever the encoding of the ids',
    async (codec, version) => {
      const variants: Written[] = [
        { ids: 'text' },
        { ids: 'text', encoding: 'PLAIN' },
        { ids: 'text', encoding: 'DELTA_LENGTH_BYTE_ARRAY' },
        { ids: 'text', encoding: 'DELTA_BYTE_ARRAY' },
        { ids: 'int32', encoding: 'DELTA_BINARY_PACKED' },
        { ids: 'int64', encoding: 'DELTA_BINARY_PACKED' },
        { ids: 'int64' },
      ];
      for (const variant of variants) {
        const found = await read(parquetByArrowRs({ ...variant, codec, version }), 'x.parquet');
        expect(found, JSON.stringify(variant)).toEqual({ rows, ids: ids[variant.ids!] });
      }
    },
  );

  test.each(versions)('lists of float16 in pages of %s', async (version) => {
    const bytes = parquetByArrowRs({ version, item: new Float16() });
    expect(await read(bytes, 'x.parquet')).toEqual({ rows, ids: ids.text });
  });

  test('texts that unfold to more than 1,032 times the file are refused', async () => {
    const long = (length: number) => ids.int32.map((id) => `${'a'.repeat(length)}${id}`);
    const parquetOf = (texts: readonly string[]) =>
      parquetByArrowRs({ codec: 'ZSTD', encoding: 'DELTA_BYTE_ARRAY', texts });
    const short = long(200);
    expect(await read(parquetOf(short), 'x.parquet')).toEqual({ rows, ids: short });
    const bytes = parquetOf(long(100_000));
    expect(300 * 100_000).toBeGreaterThan(1032 * bytes.length);
    await expectRefusal(
      () => read(bytes, 'x.parquet'),
      /x\.parquet, data: expected at most \d+ bytes in \d+, found \d+ or more/,
    );
  });

  test('a codec that is not read is called by its name', async () => {
    const bytes = parquetByArrowRs({ codec: 'BROTLI' });
    await expectRefusal(
      () => read(bytes, 'x.parquet'),
      /x\.parquet, column "vector": expected pages of .*ZSTD, LZ4_RAW, found pages compressed by BROTLI/,
    );
  });
});

describe('ids in Parquet', () => {
  const numbers = rows.map((_, row) => row);
  const parquetOf = (id: object, data: readonly unknown[]) =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'id', data: [...data] },
          { name: 'vector', data: rows.map((row) => [...row]) },
        ],
        schema: [
          { name: 'root', num_children: 2 },
          { name: 'id', repetition_type: 'OPTIONAL', ...id },
          { name: 'vector', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
          { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
          { name: 'element', type: 'FLOAT', repetition_type: 'OPTIONAL' },
        ],
      }),
    );

  test('UUIDs become text', async () => {
    const uuids = numbers.map((row) => `0190a1b2-c3d4-7e5f-8a9b-${row.toString(16).padStart(12, '0')}`);
    const uuid = { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } };
    expect(await read(parquetOf(uuid, uuids), 'x.parquet')).toEqual({ rows, ids: uuids });
  });

  test('float64 is read where it is integers', async () => {
    expect(await read(parquetOf({ type: 'DOUBLE' }, numbers), 'x.parquet')).toEqual({ rows, ids: numbers });
    const half = numbers.with(5, 0.5);
    await expectRefusal(
      () => read(parquetOf({ type: 'DOUBLE' }, half), 'x.parquet'),
      /row 5: expected an id .*, found 0\.5/,
    );
  });

  test('other bytes are refused', async () => {
    const bytes = parquetOf(
      { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16 },
      numbers.map(() => new Uint8Array(16)),
    );
    await expectRefusal(() => read(bytes, 'x.parquet'), /column "id": expected strings, integers or UUIDs/);
  });
});

test.each(['lz4', 'zstd'])('Arrow by Polars, compressed by %s', async (codec) => {
  const bytes = await readFile(new URL(`fixtures/polars-${codec}.arrow`, import.meta.url));
  const made = Array.from({ length: 60 }, (_, row) => Array.from({ length: 4 }, (_, i) => (row % 7) + i / 4));
  const texts = made.map((_, row) => `document number ${row}`);
  expect(await read(bytes, 'x.arrow')).toEqual({ rows: made, ids: texts });
});
