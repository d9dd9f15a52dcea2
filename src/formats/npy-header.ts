/**
 * The header of a `.npy` file, versions 1.0, 2.0 and 3.0, as NumPy's "NPY format" document describes it: six magic bytes,
 * two version bytes, the length of the text (uint16, from 2.0 on uint32), then a Python dict literal with exactly the keys
 * `descr`, `fortran_order` and `shape`, padded with spaces. The literal is parsed here and never evaluated.
 */
import type { ByteSource } from './format.js';
import { malformed } from './malformed.js';

export interface NpyHeader {
  /** The dtype as the file has it, for example `<f4`. */
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Byte offset of the first element. */
  readonly dataOffset: number;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** NumPy needs some 120 bytes for an array of numbers. */
const MAX_TEXT_BYTES = 2 ** 20;
const WRITTEN_HEADER_BYTES = 128;

/** Reads and checks the header, nothing behind it. Rejects with `MalformedFile`. */
export async function readNpyHeader(source: ByteSource): Promise<NpyHeader> {
  const { name, byteLength } = source;
  if (byteLength === 0) throw malformed(name, 'byte 0', 'a .npy header', 'an empty file');
  // From front to back, and nothing twice, as deflated data are read.
  const preamble = new Uint8Array(12);
  const present = preamble.subarray(0, Math.min(10, byteLength));
  await source.readInto(present, 0);
  if (MAGIC.some((byte, at) => at < present.length && preamble[at] !== byte))
    throw malformed(name, 'byte 0', 'the six bytes \\x93NUMPY of a .npy file', hex(present.subarray(0, 6)));
  const [major, minor] = [present[6] ?? 1, present[7] ?? 0];
  if (major < 1 || major > 3 || minor !== 0)
    throw malformed(name, 'byte 6', 'format version 1.0, 2.0 or 3.0', `${major}.${minor}`);
  const textOffset = major === 1 ? 10 : 12;
  if (byteLength < textOffset)
    throw malformed(name, `byte ${byteLength}`, `a header of at least ${textOffset} bytes`, 'the end of the file');
  if (textOffset === 12) await source.readInto(preamble.subarray(10), 10);

  const view = new DataView(preamble.buffer);
  const textBytes = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (textBytes > MAX_TEXT_BYTES)
    throw malformed(name, 'byte 8', `a header of at most ${MAX_TEXT_BYTES} bytes`, `a length of ${textBytes}`);
  const dataOffset = textOffset + textBytes;
  if (dataOffset > byteLength)
    throw malformed(name, 'byte 8', `a header within the ${byteLength} bytes of the file`, `a length of ${textBytes}`);
  const text = new Uint8Array(textBytes);
  await source.readInto(text, textOffset);
  return { ...new HeaderText(name, text, textOffset).parse(), dataOffset };
}

/** The 128 header bytes of float32 data in C order; they fit any shape of at most two numbers up to 2^53. */
export function createNpyHeader(shape: readonly number[]): Uint8Array {
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${list}), }`;
  const header = new Uint8Array(WRITTEN_HEADER_BYTES);
  header.set(MAGIC);
  header.set([1, 0, WRITTEN_HEADER_BYTES - 10, 0], 6);
  // 61 bytes around two numbers of at most 16 digits and ", ": at most 95 of the 117 between the preamble and "\n".
  header.set(new TextEncoder().encode(`${dict.padEnd(WRITTEN_HEADER_BYTES - 11)}\n`), 10);
  return header;
}

/** A cursor over the dict literal; every refusal names the byte of the file. */
class HeaderText {
  readonly #file: string;
  readonly #text: string;
  readonly #textOffset: number;
  #at = 0;

  constructor(file: string, bytes: Uint8Array, textOffset: number) {
    this.#file = file;
    // One character per byte, whatever the version: only structured dtypes, refused anyway, use others than ASCII.
    this.#text = new TextDecoder('latin1').decode(bytes);
    this.#textOffset = textOffset;
  }

  parse(): Omit<NpyHeader, 'dataOffset'> {
    let descr: string | undefined;
    let fortranOrder: boolean | undefined;
    let shape: number[] | undefined;
    this.#expect('{', 'a dict that begins with {');
    while (!this.#skip('}')) {
      const keyAt = this.#spaces();
      const key = this.#string('a key in quotes');
      this.#expect(':', `a colon behind ${key}`);
      if (key === 'descr' && descr === undefined) descr = this.#descr();
      else if (key === 'fortran_order' && fortranOrder === undefined) fortranOrder = this.#boolean();
      else if (key === 'shape' && shape === undefined) shape = this.#shape();
      else throw this.#refuse('the keys descr, fortran_order and shape, once each', JSON.stringify(key), keyAt);
      if (this.#skip(',')) continue;
      this.#expect('}', 'a comma or the closing }');
      break;
    }
    const end = this.#spaces();
    if (end !== this.#text.length) throw this.#refuse('nothing but spaces behind the dict', this.#next());
    if (descr === undefined || fortranOrder === undefined || shape === undefined)
      throw this.#refuse('the keys descr, fortran_order and shape', 'a header without all three', 0);
    return { descr, fortranOrder, shape };
  }

  #descr(): string {
    this.#spaces();
    if (this.#text[this.#at] === '[') throw this.#refuse('a dtype of plain numbers', 'a structured dtype');
    return this.#string('a dtype in quotes');
  }

  #boolean(): boolean {
    return this.#match(/True|False/y, 'True or False') === 'True';
  }

  #shape(): number[] {
    const shape: number[] = [];
    this.#expect('(', 'a shape in parentheses');
    while (!this.#skip(')')) {
      const at = this.#spaces();
      // Python 2 wrote long integers as 3L.
      const digits = this.#match(/(?:0|[1-9]\d*)L?/y, 'a length that is not negative').replace('L', '');
      const length = Number(digits);
      if (!Number.isSafeInteger(length)) throw this.#refuse('a length below 2^53', digits.slice(0, 40), at);
      shape.push(length);
      if (this.#skip(',')) continue;
      this.#expect(')', 'a comma or the closing )');
      if (shape.length === 1) throw this.#refuse('a shape such as (3,)', `(${digits}) without a comma`, at);
      break;
    }
    return shape;
  }

  #string(expected: string): string {
    return this.#match(/'[^'\\\n]*'|"[^"\\\n]*"/y, expected).slice(1, -1);
  }

  #match(pattern: RegExp, expected: string): string {
    pattern.lastIndex = this.#spaces();
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw this.#refuse(expected, this.#next());
    this.#at += found.length;
    return found;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#spaces()] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string, expected: string): void {
    if (!this.#skip(character)) throw this.#refuse(expected, this.#next());
  }

  #spaces(): number {
    while (this.#at < this.#text.length && ' \t\r\n'.includes(this.#text[this.#at]!)) this.#at++;
    return this.#at;
  }

  #next(): string {
    return this.#at === this.#text.length
      ? 'the end of the header'
      : JSON.stringify(this.#text.slice(this.#at, this.#at + 20));
  }

  #refuse(expected: string, found: string, at = this.#at): Error {
    return malformed(this.#file, `byte ${this.#textOffset + at}`, `${expected} in the .npy header`, found);
  }
}

function hex(bytes: Uint8Array): string {
  return `the bytes ${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}
