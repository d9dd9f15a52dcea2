/**
 * Decimal numbers separated by commas, straight from bytes into float32: every value equals `Math.fround(Number(text))`.
 *
 * How: the first 18 digits give m × 10^e in float64, off by at most five roundings (5 × 2^-53 together below 6e-16) and, where
 * further digits were cut, by 1e-15 (at least 15 significant digits are kept): less than the 4e-15 of `SLACK`. Rounding to
 * float64 and to float32 keeps order, so where both ends of that interval round to the same float32, so does the exact
 * number. Where they differ, about once in ten million random numbers, `Number` decides.
 *
 * The byte behind the text (`bytes[end]`) must exist and be none of a number: a line feed.
 */
import { COMMA, LINE_FEED, LOWER_E, MINUS, PLUS, POINT, RETURN, SPACE, TAB, UPPER_E, ZERO } from './ascii.js';

/** Relative. */
const SLACK = 4e-15;
const LOW = 1 - SLACK;
const HIGH = 1 + SLACK;
/** Digits of each of the two integers that are collected, so that both stay below 2^31. */
const HALF_DIGITS = 9;
/** 15 significant digits: fewer cannot do for digits that were cut. */
const ENOUGH = 1e15;
const MAX_EXPONENT = 300;
/** 10^0 to 10^300, each the float64 nearest to it. */
const POWERS = Float64Array.from({ length: MAX_EXPONENT + 1 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * `json`: as JSON has numbers. `loose`: also `+1`, `.5`, `5.` and `007`, as `Number` reads them. What programs write for a number that is
 * none is read in both: NaN, an infinity with its sign, and null, which is NaN; in `loose` in any case of letters, and nothing at all between
 * commas is NaN too.
 */
export type NumberGrammar = 'json' | 'loose';

export class NumberList {
  /** The numbers of the last scan are the first `length` of these. */
  values: Float32Array = new Float32Array(1024);
  length = 0;
  /** Numbers that the last scan read before it failed, with those kept. */
  found = 0;
  /** Where the last scan stopped: at what follows the list or, where it failed, at what should be a number. */
  at = 0;

  /**
   * Reads a list of one number or more from `bytes[from]` on. False where something that should be a number is none.
   *
   * @param kept numbers of the scans before that stay in front
   * @param most numbers to read, where a comma may be followed by something else
   */
  scan(bytes: Uint8Array, from: number, grammar: NumberGrammar, kept = 0, most = Number.POSITIVE_INFINITY): boolean {
    const strict = grammar === 'json';
    let values = this.values;
    let length = kept;
    let at = from;
    let byte = bytes[at]!;
    for (;;) {
      while (byte === SPACE || byte === TAB || byte === RETURN) byte = bytes[++at]!;
      const start = at;
      const negative = byte === MINUS;
      if (negative || (byte === PLUS && !strict)) byte = bytes[++at]!;

      // The mantissa: up to 9 digits in `high`, up to 9 more in `low`, the rest only counted.
      const digitsAt = at;
      let high = 0;
      let low = 0;
      let digit = byte - ZERO;
      let last = at + HALF_DIGITS;
      while (digit >= 0 && digit <= 9 && at < last) {
        high = (high * 10 + digit) | 0;
        digit = bytes[++at]! - ZERO;
      }
      let lowDigits = 0;
      let integerDigits = at - digitsAt;
      let cut = 0;
      if (digit >= 0 && digit <= 9) {
        last = at + HALF_DIGITS;
        while (digit >= 0 && digit <= 9 && at < last) {
          low = (low * 10 + digit) | 0;
          digit = bytes[++at]! - ZERO;
        }
        lowDigits = at - digitsAt - HALF_DIGITS;
        while (digit >= 0 && digit <= 9) {
          cut++;
          digit = bytes[++at]! - ZERO;
        }
        integerDigits = at - digitsAt;
      }
      let exponent = cut;
      let fractionDigits = 0;
      if (digit === POINT - ZERO) {
        const fractionAt = ++at;
        digit = bytes[at]! - ZERO;
        // Room left in `high` only while nothing is in `low`.
        last = lowDigits === 0 ? at + Math.max(0, HALF_DIGITS - integerDigits) : at;
        while (digit >= 0 && digit <= 9 && at < last) {
          high = (high * 10 + digit) | 0;
          digit = bytes[++at]! - ZERO;
        }
        if (digit >= 0 && digit <= 9) {
          const lowAt = at;
          last = at + HALF_DIGITS - lowDigits;
          while (digit >= 0 && digit <= 9 && at < last) {
            low = (low * 10 + digit) | 0;
            digit = bytes[++at]! - ZERO;
          }
          lowDigits += at - lowAt;
        }
        exponent -= at - fractionAt;
        const cutAt = at;
        while (digit >= 0 && digit <= 9) digit = bytes[++at]! - ZERO;
        cut += at - cutAt;
        fractionDigits = at - fractionAt;
        if (fractionDigits === 0 && strict) return this.#fail(start, length);
      }
      if (integerDigits === 0 && (strict || fractionDigits === 0)) {
        const literal = literalAt(bytes, start, strict);
        if (!literal) return this.#fail(start, length);
        if (length === values.length) values = this.#grow();
        values[length++] = literal.value;
        at = start + literal.length;
        byte = bytes[at]!;
        while (byte === SPACE || byte === TAB || byte === RETURN) byte = bytes[++at]!;
        if (byte !== COMMA || length - kept === most) break;
        byte = bytes[++at]!;
        continue;
      }
      if (strict && integerDigits > 1 && bytes[digitsAt] === ZERO) return this.#fail(start, length);

      if (digit === LOWER_E - ZERO || digit === UPPER_E - ZERO) {
        byte = bytes[++at]!;
        const down = byte === MINUS;
        if (down || byte === PLUS) byte = bytes[++at]!;
        digit = byte - ZERO;
        if (!(digit >= 0 && digit <= 9)) return this.#fail(start, length);
        let explicit = 0;
        while (digit >= 0 && digit <= 9) {
          if (explicit < 1e6) explicit = explicit * 10 + digit;
          digit = bytes[++at]! - ZERO;
        }
        exponent += down ? -explicit : explicit;
      }

      const mantissa = lowDigits === 0 ? high : high * POWERS[lowDigits]! + low;
      let value: number;
      if ((cut > 0 && mantissa < ENOUGH) || exponent > MAX_EXPONENT || exponent < -MAX_EXPONENT) {
        value = exactly(bytes, start, at);
      } else {
        const near = exponent < 0 ? mantissa / POWERS[-exponent]! : mantissa * POWERS[exponent]!;
        value = negative ? -near : near;
        if (Math.fround(near * LOW) !== Math.fround(near * HIGH)) value = exactly(bytes, start, at);
      }
      if (length === values.length) values = this.#grow();
      values[length++] = value;

      byte = digit + ZERO;
      while (byte === SPACE || byte === TAB || byte === RETURN) byte = bytes[++at]!;
      if (byte !== COMMA || length - kept === most) break;
      byte = bytes[++at]!;
    }
    this.at = at;
    this.length = length;
    return true;
  }

  /** Puts a number behind those that are there. */
  append(value: number): void {
    if (this.length === this.values.length) this.#grow();
    this.values[this.length++] = value;
  }

  #fail(at: number, found: number): false {
    this.at = at;
    this.found = found;
    return false;
  }

  #grow(): Float32Array {
    const grown = new Float32Array(2 * this.values.length);
    grown.set(this.values);
    this.values = grown;
    return grown;
  }
}

const latin1 = new TextDecoder('latin1');

/** The longest is `-infinity`, and one character more tells that it ends there. */
const LITERAL_BYTES = 10;
const JSON_LITERAL = /^(?:NaN|null|-?Infinity)(?![\w.])/;
const LOOSE_LITERAL = /^(?:[+-]?nan|null|none|n\/?a|[+-]?inf(?:inity)?)(?![\w.])/i;

/** What stands for a number that is none, and its length in bytes; undefined for anything else. */
function literalAt(bytes: Uint8Array, at: number, strict: boolean): { value: number; length: number } | undefined {
  const byte = bytes[at]!;
  // A cell without anything in it.
  if (!strict && (byte === COMMA || byte === LINE_FEED)) return { value: Number.NaN, length: 0 };
  const text = latin1.decode(bytes.subarray(at, at + LITERAL_BYTES));
  const found = (strict ? JSON_LITERAL : LOOSE_LITERAL).exec(text)?.[0];
  if (found === undefined) return undefined;
  const value = /inf/i.test(found) ? (found.startsWith('-') ? -Infinity : Infinity) : Number.NaN;
  return { value, length: found.length };
}

function exactly(bytes: Uint8Array, from: number, to: number): number {
  return Number(latin1.decode(bytes.subarray(from, to)));
}
