/**
 * `.jsonl`: every line is a vector. It is an array of numbers, or an object with the keys `vector` (or the one that the option
 * `column` names) and, optionally, `id` (a string, or an integer that a number holds exactly). Other keys are passed over.
 * Rows may differ in length.
 *
 * Null in place of a vector is a row without components. Null among numbers is NaN. Numbers beyond float32 become ±Infinity.
 * NaN and infinities are read, since other programs write them though JSON has none. They are never written.
 */
import { IndexingError } from '../base/errors.js';
import { isVectorId, type VectorId } from '../vectors/vector-id.js';
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpaces,
} from './ascii.js';
import type { Format, RowShape, RowsToWrite, VectorEncoder } from './format.js';
import { NumberList } from './number-list.js';
import { type LineFault, type LineParser, openTextRows } from './text-rows.js';
import { TextWriter } from './text-writer.js';

export const jsonl: Format = {
  open: async (source, options) => openTextRows(source, options, () => new JsonLineParser(options.column)),
  hasColumns: true,
  readsPipes: true,
  writer: { headerHolds: 'nothing', ragged: true, createEncoder },
};

class JsonLineParser implements LineParser {
  readonly numbers = new NumberList();
  readonly quoted = false;
  id: VectorId | undefined;
  readonly #key: string;
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  #at = 0;
  #hasVector = false;

  /** @param key of the vector in an object */
  constructor(key = 'vector') {
    this.#key = key;
  }

  parse(bytes: Uint8Array, start: number, end: number): 'row' | LineFault {
    this.#bytes = bytes;
    this.#end = end;
    this.#at = start;
    this.#hasVector = false;
    this.id = undefined;
    const fault = bytes[start] === OPEN_BRACE ? this.#object() : this.#vector('a vector in [ ] or an object in { }');
    if (fault) return fault;
    const behind = skipSpaces(bytes, this.#at);
    return behind === end ? 'row' : { at: behind, expected: 'the end of the line' };
  }

  #vector(expected: string): LineFault | undefined {
    if (this.#bytes[this.#at] !== OPEN_BRACKET) {
      const { numbers } = this;
      numbers.length = 0;
      return this.#skipNull() ? undefined : this.#fault(expected);
    }
    const first = skipSpaces(this.#bytes, this.#at + 1);
    const { numbers } = this;
    if (this.#bytes[first] === CLOSE_BRACKET) {
      numbers.length = 0;
      numbers.at = first;
    } else if (!numbers.scan(this.#bytes, first, 'json')) {
      return { at: numbers.at, expected: 'a number' };
    }
    this.#at = numbers.at;
    return this.#skip(CLOSE_BRACKET) ? undefined : this.#fault('a comma or ] behind a number');
  }

  #object(): LineFault | undefined {
    const start = this.#at++;
    this.#spaces();
    if (this.#skip(CLOSE_BRACE)) return this.#withoutVector(start);
    for (;;) {
      this.#spaces();
      const fault = this.#member();
      if (fault) return fault;
      this.#spaces();
      if (this.#skip(COMMA)) continue;
      if (!this.#skip(CLOSE_BRACE)) return this.#fault('a comma or } behind a value');
      return this.#hasVector ? undefined : this.#withoutVector(start);
    }
  }

  #withoutVector(at: number): LineFault {
    const expected = `the key ${JSON.stringify(this.#key.slice(0, 40))}`;
    return { at, expected, found: 'an object without it; the option column names another key' };
  }

  #member(): LineFault | undefined {
    const keyAt = this.#at;
    const key = this.#string();
    if (typeof key !== 'string') return key;
    this.#spaces();
    if (!this.#skip(COLON)) return this.#fault('a colon behind a key');
    this.#spaces();
    if (key === this.#key ? this.#hasVector : key === 'id' && this.id !== undefined)
      return { at: keyAt, expected: `the key ${JSON.stringify(key.slice(0, 40))} once` };
    if (key === this.#key) {
      this.#hasVector = true;
      return this.#vector('an array of numbers');
    }
    return key === 'id' ? this.#readId() : this.#skipValue();
  }

  #readId(): LineFault | undefined {
    const at = this.#at;
    if (this.#bytes[at] === QUOTE) {
      const id = this.#string();
      if (typeof id !== 'string') return id;
      if (!isVectorId(id)) return { at, expected: 'an id of whole characters', found: 'half of a surrogate pair' };
      this.id = id;
      return undefined;
    }
    const fault = this.#skipValue();
    if (fault) return fault;
    const id: unknown = JSON.parse(this.#text(at));
    if (!Number.isSafeInteger(id)) return { at, expected: 'an id that is a string or an integer of less than 2^53' };
    this.id = id as number;
    return undefined;
  }

  /** A string's text, or what is wrong with it. */
  #string(): string | LineFault {
    const start = this.#at;
    if (this.#bytes[start] !== QUOTE) return this.#fault('a key in quotes');
    const fault = this.#skipValue();
    if (fault) return fault;
    try {
      const text = utf8.decode(this.#bytes.subarray(start + 1, this.#at - 1));
      return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
    } catch {
      return { at: start, expected: 'a string in UTF-8' };
    }
  }

  /** Passes over a value of any kind. Nesting of any depth takes no stack. */
  #skipValue(): LineFault | undefined {
    const start = this.#at;
    let depth = 0;
    let plain = true;
    do {
      const byte = this.#bytes[this.#at];
      if (byte === QUOTE) {
        const closed = this.#skipString();
        if (closed === 'open') return { at: start, expected: 'a string that ends in this line' };
        plain &&= closed === 'plain';
      } else if (this.#at >= this.#end) {
        return { at: start, expected: 'a JSON value that ends in this line' };
      } else {
        plain = false;
        this.#at++;
        if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
          if (++depth > MAX_DEPTH) return { at: start, expected: `a JSON value that nests at most ${MAX_DEPTH} deep` };
        } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
        else if (depth === 0) this.#skipLiteral();
      }
    } while (depth > 0);
    // A string without escapes is right as it stands; everything else is left to the engine.
    return plain || isJson(this.#text(start)) ? undefined : { at: start, expected: 'a JSON value' };
  }

  #skipString(): 'plain' | 'escaped' | 'open' {
    let kind: 'plain' | 'escaped' = 'plain';
    for (let at = this.#at + 1; at < this.#end; at++) {
      const byte = this.#bytes[at]!;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return kind;
      }
      if (byte === BACKSLASH) at++;
      // Control characters are no part of a JSON string; the engine says so.
      if (byte === BACKSLASH || byte < 0x20) kind = 'escaped';
    }
    return 'open';
  }

  #skipLiteral(): void {
    while (this.#at < this.#end && !ENDS_LITERAL.has(this.#bytes[this.#at]!)) this.#at++;
  }

  #text(from: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(from, this.#at));
  }

  #spaces(): void {
    this.#at = skipSpaces(this.#bytes, this.#at);
  }

  #skipNull(): boolean {
    if (!NULL.every((byte, i) => this.#bytes[this.#at + i] === byte)) return false;
    this.#at += NULL.length;
    return true;
  }

  #skip(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #fault(expected: string): LineFault {
    return { at: this.#at, expected };
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** The engine's parser takes memory for each level. */
const MAX_DEPTH = 1000;
const NULL = new TextEncoder().encode('null');
const ENDS_LITERAL = new Set([...' \t\r\n,:[]{}"'].map((character) => character.charCodeAt(0)));

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A line is `[…]`, or `{"id":…,"vector":[…]}` where rows have ids. */
function createEncoder(shape: RowShape, file: string): VectorEncoder {
  if (shape.kind !== 'vectors')
    throw new IndexingError('InvalidConfiguration', `${file}: .jsonl holds vectors only; name a .npy file`);
  const text = new TextWriter(file);
  return {
    header: () => new Uint8Array(0),
    *encode({ data, dims, count, lengths, ids }: RowsToWrite) {
      let at = 0;
      for (let row = 0; row < count; row++) {
        const length = lengths?.[row] ?? dims;
        const id = ids?.[row];
        text.write(id === undefined ? '[' : `{"id":${JSON.stringify(id)},"vector":[`);
        text.writeNumbers(data, at, length);
        at += length;
        text.write(id === undefined ? ']\n' : ']}\n');
        if (text.isFull) yield text.take();
      }
      yield text.take();
    },
  };
}
