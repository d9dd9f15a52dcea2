/**
 * A deflated member of an archive as a `ByteSource` that is read from front to back. Each read begins where the last one
 * ended, or behind it. It holds only what one small piece of input unfolds to. When the last byte has been read, the checksum
 * is compared.
 */
import { Inflate } from 'fflate';
import type { IndexingError } from '../base/errors.js';
import type { ByteSource } from './format.js';
import { malformed } from './malformed.js';
import type { ZipMember } from './zip-directory.js';

/** Unfolds to 16 MiB at most. */
const INPUT_BYTES = 2 ** 14;

export class InflatedSource implements ByteSource {
  readonly name: string;
  readonly byteLength: number;
  readonly isForwardOnly = true;
  readonly #archive: ByteSource;
  readonly #member: ZipMember;
  readonly #dataOffset: number;
  readonly #pieces: Uint8Array[] = [];
  readonly #inflate = new Inflate((piece) => this.#pieces.push(piece));
  readonly #input: Uint8Array;
  /** Bytes of the archive that were unfolded. */
  #consumed = 0;
  /** Bytes that were read or passed over. */
  #position = 0;
  #crc = 0;

  constructor(archive: ByteSource, member: ZipMember, dataOffset: number) {
    this.name = `${archive.name}:${member.name}`;
    this.byteLength = member.byteLength;
    this.#archive = archive;
    this.#member = member;
    this.#dataOffset = dataOffset;
    this.#input = new Uint8Array(Math.min(INPUT_BYTES, member.compressedBytes));
  }

  async readInto(target: Uint8Array, byteOffset: number): Promise<void> {
    await this.#advance(byteOffset - this.#position, undefined);
    await this.#advance(target.length, target);
  }

  async #advance(bytes: number, target: Uint8Array | undefined): Promise<void> {
    for (let done = 0; done < bytes; ) {
      const [piece] = this.#pieces;
      if (!piece) {
        await this.#unfold();
        continue;
      }
      const taken = piece.subarray(0, bytes - done);
      target?.set(taken, done);
      this.#crc = updateCrc32(this.#crc, taken);
      done += taken.length;
      this.#position += taken.length;
      if (taken.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(taken.length);
    }
    if (this.#position !== this.byteLength) return;
    while (this.#consumed < this.#member.compressedBytes) await this.#unfold();
    const more = this.#pieces.some((piece) => piece.length > 0);
    if (more) throw this.#refuse(`${this.byteLength} bytes, as the directory says`, 'more');
    if (this.#crc !== this.#member.crc32) throw this.#refuse('data with the checksum in the directory', 'damaged data');
  }

  /** The next piece of input, to no piece or some of output. */
  async #unfold(): Promise<void> {
    const left = this.#member.compressedBytes - this.#consumed;
    if (left === 0) throw this.#refuse(`${this.byteLength} bytes, as the directory says`, `${this.#position} bytes`);
    const input = this.#input.subarray(0, left);
    await this.#archive.readInto(input, this.#dataOffset + this.#consumed);
    this.#consumed += input.length;
    try {
      this.#inflate.push(input, input.length === left);
    } catch (cause) {
      throw this.#refuse('deflated data', 'damaged data', cause);
    }
  }

  #refuse(expected: string, found: string, cause?: unknown): IndexingError {
    const where = `byte ${this.#dataOffset + this.#consumed} of the archive`;
    return malformed(this.name, where, expected, found, { cause });
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

function updateCrc32(crc: number, bytes: Uint8Array): number {
  let remainder = ~crc;
  for (let i = 0; i < bytes.length; i++) remainder = CRC_TABLE[(remainder ^ bytes[i]!) & 0xff]! ^ (remainder >>> 8);
  return ~remainder >>> 0;
}
