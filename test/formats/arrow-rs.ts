/**
 * Parquet as the writer of arrow-rs makes it, which Polars, DataFusion and others use or resemble: 300 rows of 8 components in
 * several row groups and pages.
 */
import {
  Table as ArrowTable,
  Field,
  type Float16,
  Float32,
  Int32,
  Int64,
  List,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { Compression, Encoding, Table, WriterPropertiesBuilder, WriterVersion, writeParquet } from 'parquet-wasm';

/** Exact in float16, too. */
export const rows: readonly (readonly number[])[] = Array.from({ length: 300 }, (_, row) =>
  Array.from({ length: 8 }, (_, i) => ((row * 7 + i * 13) % 50) / 4 - 3),
);

/** The first begin like each other, and all differ in length. */
const texts = rows.map(
  (_, row) => `${'https://example.org/documents/'.slice(0, 30 - (row % 4))}${'é'.repeat(row % 3)}${row}`,
);

export const ids = {
  text: texts,
  int32: rows.map((_, row) => row * 3 - 400),
  int64: rows.map((_, row) => 2 ** 40 + row),
};

export interface Written {
  readonly codec?: keyof typeof Compression;
  readonly version?: keyof typeof WriterVersion;
  /** Of the ids; in a dictionary by default. */
  readonly encoding?: keyof typeof Encoding;
  readonly ids?: keyof typeof ids;
  readonly item?: Float32 | Float16;
  /** In place of the texts above. */
  readonly texts?: readonly string[];
}

export function parquetByArrowRs(written: Written = {}): Uint8Array {
  const {
    codec = 'SNAPPY',
    version = 'V1',
    encoding,
    ids: kind = 'text',
    item = new Float32(),
    texts = ids.text,
  } = written;
  const id = {
    text: () => vectorFromArray(texts, new Utf8()),
    int32: () => vectorFromArray(ids.int32, new Int32()),
    int64: () => vectorFromArray(ids.int64.map(BigInt), new Int64()),
  }[kind]();
  const lists = rows.map((row) => [...row]);
  const vector = vectorFromArray(lists, new List(new Field('item', item, true)));
  let builder = new WriterPropertiesBuilder()
    .setCompression(Compression[codec])
    .setWriterVersion(WriterVersion[version])
    .setMaxRowGroupSize(130)
    .setDataPageSizeLimit(1024)
    .setWriteBatchSize(32);
  if (encoding) builder = builder.setDictionaryEnabled(false).setColumnEncoding('id', Encoding[encoding]);
  const table = Table.fromIPCStream(tableToIPC(new ArrowTable({ id, vector }), 'stream'));
  return writeParquet(table, builder.build());
}
