/**
 * Decompresses the pages of a Parquet file for hyparquet. A page is checked before it is decoded, and unfolds into memory of
 * the length that its header claims. All pages of a file share one budget of bytes.
 */
import { gunzipSync } from 'fflate';
import type { CompressionCodec, Compressors } from 'hyparquet';
import { decompressLz4Block } from './compression/lz4.js';
import { decompressZstd } from './compression/zstd.js';
import { malformed } from './malformed.js';
import { checkSnappy, type PageCheck } from './parquet-pages.js';

type Hyparquet = typeof import('hyparquet');
type Decompress = (bytes: Uint8Array, length: number) => Uint8Array;

/** `CompressionCodec` as hyparquet has it, and what is read of it. */
const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD', 'LZ4_RAW'] as const;

export function requireCodec(file: string, column: string, codec: CompressionCodec): void {
  if (CODECS.some((known) => known === codec)) return;
  const where = `column ${JSON.stringify(column.slice(0, 40))}`;
  throw malformed(
    file,
    where,
    `pages of ${CODECS.join(', ')}`,
    `pages compressed by ${codec}; save it by another codec`,
  );
}

/** Decompressors of the pages of one column; `checks` are those of its compressed pages in their order. */
export function createDecompressors(
  { snappyUncompress }: Hyparquet,
  checks: PageCheck[],
  spend: (bytes: number) => void,
): Compressors {
  const checked =
    (decompress: Decompress): Decompress =>
    (bytes, length) => {
      spend(length);
      const page = decompress(bytes, length);
      const check = checks.shift();
      if (!check) throw new Error('a page is compressed that should not be');
      check(page);
      return page;
    };
  return {
    SNAPPY: checked((bytes, length) => {
      checkSnappy(bytes);
      const page = new Uint8Array(length);
      snappyUncompress(bytes, page);
      return page;
    }),
    GZIP: checked((bytes, length) => gunzipSync(bytes, { out: new Uint8Array(length) })),
    ZSTD: checked(decompressZstd),
    LZ4_RAW: checked(decompressLz4Block),
  };
}
