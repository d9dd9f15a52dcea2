/**
 * Decompressors for compressed Arrow batches, as pyarrow and pandas write them: LZ4 frames and Zstandard. apache-arrow has
 * none of its own and is given these.
 */
import { decompressLz4Frame } from './compression/lz4.js';
import { decompressZstd } from './compression/zstd.js';

type Arrow = typeof import('apache-arrow');

/** Bytes of the length, an int64, before every compressed buffer. */
export const LENGTH_BYTES = 8;

/** Enters the decoders in the registry of the package, which is one for all that use it; what is there already stays. */
export function registerCodecs({ compressionRegistry, CompressionType }: Arrow): void {
  const codecs = [
    [CompressionType.LZ4_FRAME, decompressLz4Frame],
    [CompressionType.ZSTD, decompressZstd],
  ] as const;
  for (const [type, decompress] of codecs) {
    const registered = compressionRegistry.get(type);
    if (registered?.decode) continue;
    // A codec is given the bytes behind the length, as a view on those of the batch.
    const decode = (bytes: Uint8Array) => decompress(bytes, unfoldedBytes(bytes, -LENGTH_BYTES));
    compressionRegistry.set(type, { ...registered, decode });
  }
}

/** The length that stands `at` bytes from the beginning of a view; -1 before what is not compressed. */
export function unfoldedBytes({ buffer, byteOffset }: Uint8Array, at = 0): number {
  return Number(new DataView(buffer, byteOffset + at, LENGTH_BYTES).getBigInt64(0, true));
}
