// Makes files that are wrong on purpose, each for a reason of its own, and what their refusal must say.
//
//   node test/formats/hostile/make.mjs FOLDER
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';

const fixture = (name) => readFileSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)));
const text = (content) => new TextEncoder().encode(content);
const concat = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const int32 = (...values) => new Uint8Array(Int32Array.from(values).buffer);
const int64 = (...values) => new Uint8Array(BigInt64Array.from(values).buffer);

function npy(dict, data = new Uint8Array(0), lengthField) {
  const body = text(`${dict}\n`);
  const length = lengthField ?? body.length;
  return concat([0x93], text('NUMPY'), [1, 0, length & 255, length >> 8], body, data);
}
const dict = (descr, shape, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

function safetensors(header, data = new Uint8Array(0)) {
  const body = text(header);
  return concat(int64(BigInt(body.length)), body, data);
}

/** An archive of one deflated member that claims any sizes. */
function npz(name, content, claims = {}) {
  const packed = deflateRawSync(content, { level: 9 });
  const { byteLength = content.length, compressedBytes = packed.length, crc = 0 } = claims;
  const entry = (signature, more) => {
    const head = new DataView(new ArrayBuffer(signature === 0x04034b50 ? 30 : 46));
    const at = signature === 0x04034b50 ? 4 : 6;
    head.setUint32(0, signature, true);
    head.setUint16(at + 4, 8, true);
    head.setUint32(at + 10, crc, true);
    head.setUint32(at + 14, compressedBytes, true);
    head.setUint32(at + 18, byteLength, true);
    head.setUint16(at + 22, name.length, true);
    return concat(new Uint8Array(head.buffer), text(name), more);
  };
  const local = entry(0x04034b50, packed);
  const directory = entry(0x02014b50, []);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, 1, true);
  end.setUint16(10, 1, true);
  end.setUint32(12, directory.length, true);
  end.setUint32(16, local.length, true);
  return concat(local, directory, new Uint8Array(end.buffer));
}

/** The Arrow fixture with the offset of its first record batch changed to that of the schema. */
function arrowThatTurnsBack() {
  const bytes = new Uint8Array(fixture('polars-lz4.arrow'));
  const view = new DataView(bytes.buffer);
  const footerBytes = view.getInt32(bytes.length - 10, true);
  const footer = bytes.length - 10 - footerBytes;
  const root = footer + view.getUint32(footer, true);
  const table = root - view.getInt32(root, true);
  const slot = root + view.getUint16(table + 10, true);
  const blocks = slot + view.getUint32(slot, true) + 4;
  view.setBigInt64(blocks, 8n, true);
  return bytes;
}

function changed(bytes, change) {
  const copy = new Uint8Array(bytes);
  change(copy, new DataView(copy.buffer));
  return copy;
}

const MB = 2 ** 20;

/** Name of the file: its bytes, and what is said of them. */
export const hostile = {
  'shape-of-2-to-the-53.npy': [npy(dict('<f4', '(9007199254740991, 2147483647)')), /truncated/],
  'length-of-400-digits.npy': [npy(dict('<f4', `(${'9'.repeat(400)}, 3)`)), /a length below 2\^53/],
  'header-beyond-the-end.npy': [npy(dict('<f4', '(1, 1)'), undefined, 65_000), /a header within/],
  'python.npy': [npy("__import__('os').system('id')"), /a dict that begins with \{/],
  'objects.npy': [npy(dict('|O', '(2, 3)'), new Uint8Array(48)), /a dtype of floats or integers, found "\|O"/],
  'nested.npy': [npy(`{'descr': ${'['.repeat(60_000)}`), /a dtype of plain numbers/],
  'bomb.npz': [npz('vectors.npy', new Uint8Array(64 * MB)), /NUMPY/],
  'claims-more-than-deflate-can.npz': [npz('vectors.npy', new Uint8Array(100), { byteLength: 2 ** 31 }), /bytes/],
  'says-less-than-it-unfolds-to.npz': [
    npz('vectors.npy', npy(dict('<f4', '(4000000, 1)'), new Uint8Array(16_000_000)), { byteLength: 200 }),
    /truncated|more/,
  ],
  'member-beyond-the-end.npz': [
    npz('vectors.npy', new Uint8Array(100), { compressedBytes: 2 ** 30 }),
    /a member before byte/,
  ],
  'dims-of-2-to-the-31.fvecs': [int32(2 ** 31 - 1, 0, 0, 0), /whole rows of|bytes for a row/],
  'dims-below-zero.fvecs': [int32(2, 0, 0, -5, 0), /dims of 1 to/],
  'dims-of-2-to-the-31.bvecs': [int32(2 ** 31 - 1, 0, 0, 0), /whole rows of|bytes for a row/],
  'count-of-2-to-the-32.fbin': [int32(-1, 2 ** 31 - 1, 0), /truncated/],
  'header-of-8-exabytes.safetensors': [concat(int64(2n ** 63n - 1n), text('{}')), /a file of another kind/],
  'header-of-99-megabytes.safetensors': [concat(int64(99_000_000n), text('{}')), /truncated/],
  'overlap.safetensors': [
    safetensors(
      '{"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"vectors":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}',
      int32(0),
    ),
    /data from byte/,
  ],
  'hole.safetensors': [
    safetensors('{"vectors":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]}}', int32(0, 0)),
    /data from byte/,
  ],
  'shape-that-wraps.safetensors': [
    safetensors('{"vectors":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'),
    /73786976294838206464 bytes for F32/,
  ],
  'unknown-type-beyond-the-end.safetensors': [
    safetensors('{"x":{"dtype":"Q7","shape":[1],"data_offsets":[0,999999999]}}'),
    /truncated/,
  ],
  'one-tensor-twice.safetensors': [
    safetensors(
      '{"vectors":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"vectors":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}',
      int32(0, 0),
    ),
    /every tensor once/,
  ],
  'proto.safetensors': [
    safetensors('{"__proto__":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}'),
    /truncated|no tensor|rows of numbers/,
  ],
  'nested-a-million-times.safetensors': [
    safetensors(`{"a":${'['.repeat(MB)}${']'.repeat(MB)}}`),
    /nests more than 4 deep/,
  ],
  'nested-a-million-times.jsonl': [
    text(`{"a":${'['.repeat(MB)}${']'.repeat(MB)},"vector":`),
    /nests at most 1000 deep/,
  ],
  'key-of-a-megabyte.jsonl': [text(`{"${'k'.repeat(MB)}":1}`), /the key "vector"/],
  'half-a-character.jsonl': [text('{"id":"\\ud800","vector":[1]}'), /whole characters/],
  'id-beyond-2-to-the-53.jsonl': [text('{"id":9007199254740993,"vector":[1]}'), /less than 2\^53/],
  'number-of-a-million-digits.jsonl': [text(`[1${'0'.repeat(MB)}x]`), /a comma or \]/],
  'utf-16.csv': [concat([0xff, 0xfe], text('1\0,\x002\0')), /UTF-16/],
  'quote-that-does-not-close.csv': [text(`1,"${'2,3\n'.repeat(MB / 4)}`), /a quote that is closed/],
  'quotes-without-end.csv': [text(`1${' "'.repeat(MB)}`), /expected/],
  'a-million-columns-called-id.csv': [text(`${'id,'.repeat(MB / 4)}id\n1\n`), /one column called id/],
  'old-mac.csv': [text('1,2\r3,4\r5,6'), /a comma or the end of the line/],
  'footer-of-4-gigabytes.parquet': [
    concat(text('PAR1'), new Uint8Array(64), int32(-1), text('PAR1')),
    /the length of the footer/,
  ],
  'footer-of-nothing.parquet': [concat(text('PAR1'), int32(0), text('PAR1')), /footer|damaged|PAR1/],
  'nested-thrift.parquet': [
    concat(text('PAR1'), new Uint8Array(100_000).fill(0x1c), int32(100_000), text('PAR1')),
    /damaged|nest|ends/,
  ],
  'list-of-2-to-the-31.parquet': [
    concat(text('PAR1'), [0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0, 0, 0, 0], int32(12), text('PAR1')),
    /damaged/,
  ],
  'batch-is-the-schema.arrow': [arrowThatTurnsBack(), /expected a record batch, found a schema/],
  'footer-below-zero.arrow': [
    changed(fixture('polars-lz4.arrow'), (bytes, view) => view.setInt32(bytes.length - 10, -1, true)),
    /the length of the footer/,
  ],
  'message-of-2-gigabytes.arrow': [concat(int32(-1, 2 ** 31 - 1), new Uint8Array(64)), /bytes within|message|arrow/],
  'schema-without-end.arrow': [concat(...Array(1000).fill(int32(-1, 0))), /a schema, as Arrow begins with/],
  'external-storage.h5': [fixture('external-storage.h5'), /external storage in "\/etc\/os-release"/],
  'signature-alone.h5': [concat([0x89], text('HDF\r\n\x1a\n')), /damaged/],
  'superblock-of-zeros.h5': [concat([0x89], text('HDF\r\n\x1a\n'), new Uint8Array(4096)), /damaged|dataset/],
  'superblock-of-ones.h5': [concat([0x89], text('HDF\r\n\x1a\n'), new Uint8Array(4096).fill(0xff)), /damaged/],
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? 'hostile';
  mkdirSync(folder, { recursive: true });
  for (const [name, [bytes]] of Object.entries(hostile)) writeFileSync(join(folder, name), bytes);
  console.log(`${Object.keys(hostile).length} files in ${folder}`);
}
