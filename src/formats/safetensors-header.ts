/**
 * The header of a `.safetensors` file, as the format's specification has it: a little-endian uint64 with the length of a
 * JSON object, the object (`__metadata__` of strings, and for every tensor its dtype, shape and data offsets), then the data.
 *
 * Invariants of a header that was read: the tensors cover the data without holes or overlaps, to the last byte of the file,
 * and each has as many bytes as its shape needs. Offsets here are bytes from the beginning of the file.
 */
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COLON, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './ascii.js';
import type { ByteSource } from './format.js';
import { malformed } from './malformed.js';

/** Bytes of an element, for the dtypes that are numbers. */
const ITEM_BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1 };

type TensorDtype = keyof typeof ITEM_BYTES;

export interface TensorShape {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
}

export interface Tensor extends TensorShape {
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** By name, in the order of their data. Tensors of dtypes that are not in the list above are left out. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** The reference implementation's own bound. */
const MAX_HEADER_BYTES = 100_000_000;
/** Alignment of the data, so that every first tensor may be viewed as any type and read by SIMD. */
const ALIGNMENT = 64;
const METADATA = '__metadata__';

/** Bytes of a tensor's data. */
export function tensorBytes({ dtype, shape }: TensorShape): number {
  return shape.reduce((product, length) => product * length, ITEM_BYTES[dtype]);
}

/**
 * The header of tensors whose data follow each other in the order given; data begin at a multiple of 64 bytes.
 *
 * @param leastBytes length that the header has at least, for one whose numbers are not known yet
 */
export function createSafetensorsHeader(
  tensors: Readonly<Record<string, TensorShape>>,
  metadata: Readonly<Record<string, string>> = {},
  leastBytes = 0,
): Uint8Array {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { dtype, shape }]) => {
    const begin = end;
    end += tensorBytes({ dtype, shape });
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const hasMetadata = Object.keys(metadata).length > 0;
  const object = { ...(hasMetadata && { [METADATA]: metadata }), ...Object.fromEntries(entries) };
  const text = new TextEncoder().encode(JSON.stringify(object));
  const byteLength = Math.ceil(Math.max(8 + text.length, leastBytes) / ALIGNMENT) * ALIGNMENT;
  const header = new Uint8Array(byteLength).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(byteLength - 8), true);
  header.set(text, 8);
  return header;
}

/** Reads and checks the header, nothing behind it. Rejects with `MalformedFile`, saying whether the file is of another kind or truncated. */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const { name, byteLength } = source;
  const preamble = new Uint8Array(Math.min(9, byteLength));
  await source.readInto(preamble, 0);
  if (byteLength < 10)
    throw malformed(
      name,
      'byte 0',
      'a .safetensors header',
      `${byteLength} bytes: the file is of another kind or truncated`,
    );
  const length = new DataView(preamble.buffer).getBigUint64(0, true);
  if (preamble[8] !== 0x7b || length > MAX_HEADER_BYTES)
    throw malformed(name, 'byte 0', 'the length of a .safetensors header and {', 'a file of another kind');
  const dataOffset = 8 + Number(length);
  if (dataOffset > byteLength)
    throw malformed(name, 'byte 8', `a header of ${length} bytes`, `${byteLength - 8} bytes: the file is truncated`);
  const text = new Uint8Array(Number(length));
  await source.readInto(text, 8);
  const keys = countKeys(name, text);
  const json = parseJson(name, text);
  if (isObject(json) && keys !== Object.keys(json).length)
    throw malformed(name, 'byte 8', 'every tensor once in the .safetensors header', 'one that is there twice');
  return new HeaderReader(name, byteLength, dataOffset).read(json);
}

function parseJson(file: string, text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (cause) {
    // The engine's own words, which may quote any length of the file, are in the cause.
    throw malformed(file, 'byte 8', 'a .safetensors header in JSON', 'other or damaged text', { cause });
  }
}

/** What a header has: the object, its tensors, their lists. */
const MAX_DEPTH = 4;

/**
 * Keys of the outermost object of a JSON text: of two that are the same, its parser keeps the last without a word. Refuses a text that
 * nests deeper than any header, whose parser would take memory for each level.
 */
function countKeys(file: string, text: Uint8Array): number {
  let depth = 0;
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (byte === QUOTE) {
      for (at++; at < text.length && text[at] !== QUOTE; at++) if (text[at] === BACKSLASH) at++;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > MAX_DEPTH)
        throw malformed(
          file,
          `byte ${8 + at}`,
          'a .safetensors header in JSON',
          `one that nests more than ${MAX_DEPTH} deep`,
        );
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    else if (byte === COLON && depth === 1) keys++;
  }
  return keys;
}

class HeaderReader {
  readonly #file: string;
  readonly #byteLength: number;
  readonly #dataOffset: number;

  constructor(file: string, byteLength: number, dataOffset: number) {
    this.#file = file;
    this.#byteLength = byteLength;
    this.#dataOffset = dataOffset;
  }

  read(json: unknown): SafetensorsHeader {
    if (!isObject(json)) throw this.#refuse('byte 8', 'a JSON object', kindOf(json));
    const metadata = this.#metadata(Object.hasOwn(json, METADATA) ? json[METADATA] : {});
    const tensors: [string, Tensor][] = [];
    let end = this.#dataOffset;
    const places = Object.entries(json)
      .filter(([name]) => name !== METADATA)
      .map(([name, value]) => this.#place(name, value))
      .sort((a, b) => a.begin - b.begin || a.end - b.end);
    for (const { name, entry, begin, end: behind } of places) {
      if (begin !== end) throw this.#refuse(tensorName(name), `data from byte ${end} on`, `byte ${begin}`);
      end = behind;
      const tensor = this.#tensor(name, entry, begin, behind - begin);
      if (tensor) tensors.push([name, tensor]);
    }
    if (end > this.#byteLength)
      throw this.#refuse(`byte ${this.#byteLength}`, `data up to byte ${end}`, 'the end: the file is truncated');
    if (end < this.#byteLength)
      throw this.#refuse(`byte ${end}`, 'the end of the file', `${this.#byteLength - end} trailing bytes`);
    return { metadata, tensors: new Map(tensors) };
  }

  #metadata(value: unknown): Map<string, string> {
    if (!isObject(value)) throw this.#refuse(METADATA, 'an object of strings', kindOf(value));
    return new Map(
      Object.entries(value).map(([key, text]) => {
        if (typeof text !== 'string') throw this.#refuse(METADATA, 'an object of strings', kindOf(text));
        return [key, text];
      }),
    );
  }

  #place(name: string, entry: unknown) {
    const offsets = isObject(entry) ? entry['data_offsets'] : undefined;
    if (!isObject(entry) || !Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isLength))
      throw this.#refuse(tensorName(name), 'dtype, shape and two data_offsets', kindOf(offsets ?? entry));
    const [begin, end] = offsets as [number, number];
    if (end < begin) throw this.#refuse(tensorName(name), 'data_offsets in order', `${begin}, ${end}`);
    return { name, entry, begin: this.#dataOffset + begin, end: this.#dataOffset + end };
  }

  #tensor(name: string, entry: Record<string, unknown>, byteOffset: number, byteLength: number): Tensor | undefined {
    const { dtype, shape } = entry;
    if (typeof dtype !== 'string') throw this.#refuse(tensorName(name), 'a dtype', kindOf(dtype));
    if (!Array.isArray(shape) || !shape.every(isLength))
      throw this.#refuse(tensorName(name), 'a shape of lengths', kindOf(shape));
    if (!isDtype(dtype)) return undefined;
    // Exact for any shape that a header can claim.
    const needed = (shape as number[]).reduce((product, length) => product * BigInt(length), BigInt(ITEM_BYTES[dtype]));
    if (needed !== BigInt(byteLength)) {
      const expected = `${needed} bytes for ${dtype} [${shape.join(', ')}]`;
      throw this.#refuse(tensorName(name), expected, `${byteLength} bytes`);
    }
    return { dtype, shape: shape as number[], byteOffset, byteLength };
  }

  #refuse(where: string, expected: string, found: string): Error {
    return malformed(this.#file, where, `${expected} in the .safetensors header`, found);
  }
}

function isDtype(name: string): name is TensorDtype {
  return Object.hasOwn(ITEM_BYTES, name);
}

function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names come from the file and may be long. */
function tensorName(name: string): string {
  return `tensor ${JSON.stringify(name.slice(0, 40))}`;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return value === null ? 'null' : isObject(value) ? 'an object' : JSON.stringify(value).slice(0, 40);
}
