/**
 * Reads structs in Thrift's compact protocol, as Parquet has them, that nobody has checked. Every length must lie within the
 * bytes, or reading throws. What is read takes memory in proportion to the bytes. Of the fields, integers of up to 32 bits,
 * booleans and structs are kept.
 */

/** By field number; an absent one was of another type, or is not there. */
export type ThriftStruct = ReadonlyMap<number, number | boolean | ThriftStruct>;

const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;
/** Bytes of the longest varint of 32 bits, and of 64. */
const MAX_VARINT32 = 5;
const MAX_VARINT64 = 10;
/** More than Parquet nests, and far less than the stack has room for. */
const MAX_DEPTH = 32;

export class ThriftReader {
  readonly #bytes: Uint8Array;
  /** Offset of the next byte. */
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  struct(depth = 0): ThriftStruct {
    if (depth > MAX_DEPTH) throw new Error(`its metadata nest more than ${MAX_DEPTH} deep`);
    const fields = new Map<number, number | boolean | ThriftStruct>();
    let id = 0;
    for (;;) {
      const byte = this.byte();
      const type = byte & 0x0f;
      if (type === 0) return fields;
      id = byte >> 4 ? id + (byte >> 4) : this.zigzag();
      const value = this.#value(type, depth);
      if (value !== undefined) fields.set(id, value);
    }
  }

  byte(): number {
    const byte = this.#bytes[this.offset++];
    if (byte === undefined) throw new Error('its metadata end too early');
    return byte;
  }

  /** An unsigned varint of 32 bits; the highest one makes it negative, as it does where Parquet is read. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < MAX_VARINT32; i++) {
      const byte = this.byte();
      if (i === MAX_VARINT32 - 1 && byte > 0x0f) break;
      value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    throw new Error('an integer is longer than 32 bits');
  }

  /** A signed varint of 32 bits. */
  zigzag(): number {
    const value = this.varint();
    return (value >>> 1) ^ -(value & 1);
  }

  #value(type: number, depth: number): number | boolean | ThriftStruct | undefined {
    if (type === TRUE || type === FALSE) return type === TRUE;
    if (type === STRUCT) return this.struct(depth + 1);
    if (type === I16 || type === I32) return this.zigzag();
    if (type === BYTE) this.#skip(1);
    else if (type === I64) this.#skipInteger();
    else if (type === DOUBLE) this.#skip(8);
    else if (type === BINARY) this.#skip(this.varint());
    else if (type === LIST) this.#skipList(depth);
    else throw new Error(`its metadata have a field of the type ${type}`);
    return undefined;
  }

  #skipList(depth: number): void {
    const byte = this.byte();
    const type = byte & 0x0f;
    const count = byte >> 4 === 15 ? this.varint() : byte >> 4;
    // An item is a byte at least.
    if (count < 0 || count > this.#bytes.length - this.offset)
      throw new Error(`a list of ${count >>> 0} in its metadata does not fit`);
    if (depth >= MAX_DEPTH) throw new Error(`its metadata nest more than ${MAX_DEPTH} deep`);
    for (let item = 0; item < count; item++) {
      if (type === TRUE || type === FALSE) this.#skip(1);
      else this.#value(type, depth + 1);
    }
  }

  #skipInteger(): void {
    for (let i = 0; i < MAX_VARINT64; i++) if (this.byte() < 0x80) return;
    throw new Error('an integer is longer than 64 bits');
  }

  #skip(bytes: number): void {
    if (bytes < 0 || bytes > this.#bytes.length - this.offset)
      throw new Error(`${bytes >>> 0} bytes in its metadata do not fit`);
    this.offset += bytes;
  }
}
