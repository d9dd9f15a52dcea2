/**
 * The directory of a .zip archive, zip64 included: which members there are and where their bytes lie. It follows the archive's
 * own end record, as other readers do. Bytes before and between the members are not looked at.
 */
import type { ByteSource } from './format.js';
import { malformed } from './malformed.js';

export interface ZipMember {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  readonly crc32: number;
  /** Byte offset of its local header. */
  readonly headerOffset: number;
  readonly compressedBytes: number;
  readonly byteLength: number;
}

const END = 0x06054b50;
const END_BYTES = 22;
const END64_LOCATOR = 0x07064b50;
const END64_LOCATOR_BYTES = 20;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
/** In place of a number that stands in the zip64 field. */
const IN_ZIP64 = 0xffffffff;
const ZIP64_FIELD = 1;
/** Deflate makes at most 258 bytes of two bits. */
const MAX_RATIO = 1032;

/** Rejects with `MalformedFile` for what is no archive, or one whose numbers do not fit its size. */
export async function readZipDirectory(source: ByteSource): Promise<ZipMember[]> {
  const { name, byteLength } = source;
  const tail = await read(source, Math.max(0, byteLength - END_BYTES - MAX_COMMENT_BYTES), byteLength);
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0)
    throw malformed(
      name,
      `byte ${byteLength}`,
      'the end record of a .zip archive',
      'none: the file is of another kind or truncated',
    );
  const endOffset = byteLength - tail.byteLength + end;
  let offset = tail.getUint32(end + 16, true);
  let size = tail.getUint32(end + 12, true);
  const locator = end - END64_LOCATOR_BYTES;
  if (locator >= 0 && tail.getUint32(locator, true) === END64_LOCATOR) {
    const at = toNumber(tail.getBigUint64(locator + 8, true));
    if (at > byteLength - END64_BYTES) throw malformed(name, `byte ${endOffset}`, 'a zip64 end record', 'none');
    const end64 = await read(source, at, at + END64_BYTES);
    if (end64.getUint32(0, true) !== END64) throw malformed(name, `byte ${at}`, 'a zip64 end record', 'other bytes');
    size = toNumber(end64.getBigUint64(40, true));
    offset = toNumber(end64.getBigUint64(48, true));
  }
  if (offset + size > endOffset)
    throw malformed(name, `byte ${endOffset}`, `a directory before it`, `${size} bytes from byte ${offset} on`);
  const directory = await read(source, offset, offset + size);
  const members: ZipMember[] = [];
  for (let at = 0; at < size; ) {
    const refuse = (expected: string, found: string) => malformed(name, `byte ${offset + at}`, expected, found);
    if (size - at < ENTRY_BYTES || directory.getUint32(at, true) !== ENTRY)
      throw refuse('a directory entry', 'other bytes');
    const bytes = ENTRY_BYTES + [28, 30, 32].reduce((sum, field) => sum + directory.getUint16(at + field, true), 0);
    if (at + bytes > size) throw refuse('an entry within the directory', `one of ${bytes} bytes`);
    const member = parseEntry(new DataView(directory.buffer, at, bytes), refuse);
    if (member.headerOffset + member.compressedBytes > offset)
      throw refuse(`a member before byte ${offset}`, `${member.compressedBytes} bytes from ${member.headerOffset} on`);
    members.push(member);
    at += bytes;
  }
  return members;
}

/** Byte offset of a member's data. */
export async function dataOffsetOf(source: ByteSource, { headerOffset, compressedBytes }: ZipMember): Promise<number> {
  const { name, byteLength } = source;
  const refuse = (found: string) => malformed(name, `byte ${headerOffset}`, 'the header of a member', found);
  if (headerOffset + LOCAL_BYTES > byteLength) throw refuse('the end of the file');
  const local = await read(source, headerOffset, headerOffset + LOCAL_BYTES);
  if (local.getUint32(0, true) !== LOCAL) throw refuse('other bytes');
  const offset = headerOffset + LOCAL_BYTES + local.getUint16(26, true) + local.getUint16(28, true);
  if (offset + compressedBytes > byteLength) throw refuse(`one of ${compressedBytes} bytes that end behind the file`);
  return offset;
}

function parseEntry(entry: DataView<ArrayBuffer>, refuse: (expected: string, found: string) => Error): ZipMember {
  const nameBytes = entry.getUint16(28, true);
  const name = new TextDecoder().decode(new Uint8Array(entry.buffer, entry.byteOffset + ENTRY_BYTES, nameBytes));
  const quoted = JSON.stringify(name.slice(0, 40));
  if (entry.getUint16(8, true) & 1) throw refuse('members that are not encrypted', `${quoted}, which is`);
  const method = ({ 0: 'stored', 8: 'deflated' } as const)[entry.getUint16(10, true) as 0 | 8];
  if (!method) throw refuse('members stored or deflated', `${quoted} by method ${entry.getUint16(10, true)}`);
  let byteLength = entry.getUint32(24, true);
  let compressedBytes = entry.getUint32(20, true);
  let headerOffset = entry.getUint32(42, true);
  const numbers = zip64Numbers(entry, ENTRY_BYTES + nameBytes);
  // In this order, and only those that did not fit.
  if (byteLength === IN_ZIP64) byteLength = numbers.shift() ?? byteLength;
  if (compressedBytes === IN_ZIP64) compressedBytes = numbers.shift() ?? compressedBytes;
  if (headerOffset === IN_ZIP64) headerOffset = numbers.shift() ?? headerOffset;
  const most = method === 'stored' ? compressedBytes : compressedBytes * MAX_RATIO;
  if (byteLength > most || (method === 'stored' && byteLength !== compressedBytes))
    throw refuse(`at most ${most} bytes in ${quoted}`, `a length of ${byteLength}`);
  return { name, method, crc32: entry.getUint32(16, true), headerOffset, compressedBytes, byteLength };
}

function zip64Numbers(entry: DataView, from: number): number[] {
  const end = Math.min(entry.byteLength, from + entry.getUint16(30, true));
  for (let at = from; at + 4 <= end; at += 4 + entry.getUint16(at + 2, true)) {
    if (entry.getUint16(at, true) !== ZIP64_FIELD) continue;
    const count = Math.floor(Math.min(entry.getUint16(at + 2, true), end - at - 4) / 8);
    return Array.from({ length: count }, (_, i) => toNumber(entry.getBigUint64(at + 4 + 8 * i, true)));
  }
  return [];
}

/** A number that no file can have stands for all that are too large to be exact. */
function toNumber(value: bigint): number {
  return value > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : Number(value);
}

async function read(source: ByteSource, from: number, to: number): Promise<DataView<ArrayBuffer>> {
  const bytes = new Uint8Array(to - from);
  await source.readInto(bytes, from);
  return new DataView(bytes.buffer);
}
