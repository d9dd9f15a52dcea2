/**
 * Lengths in DELTA_BYTE_ARRAY, written by hand from Parquet's Encodings.md: texts within their page pass with what they unfold to,
 * and claims beyond it are refused before anything of that size is made.
 */
import { describe, expect, test } from 'vitest';
import { checkDeltaPrefixes, checkDeltas, checkDeltaTexts } from '../../src/formats/parquet-deltas.js';

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

const zigzag = (value: number) => varint(value < 0 ? -2 * value - 1 : 2 * value);

/** Numbers as DELTA_BINARY_PACKED, in blocks of 128 with four parts of 16-bit deltas. */
function deltas(numbers: readonly number[], total = numbers.length): number[] {
  const bytes = [...varint(128), ...varint(4), ...varint(total), ...zigzag(numbers[0] ?? 0)];
  for (let first = 1; first < numbers.length; first += 128) {
    const steps = Array.from({ length: Math.min(128, numbers.length - first) }, (_, i) => {
      return numbers[first + i]! - numbers[first + i - 1]!;
    });
    const least = Math.min(...steps);
    bytes.push(...zigzag(least), 16, 16, 16, 16);
    // Only parts that are begun have bytes.
    for (let i = 0; i < 32 * Math.ceil(steps.length / 32); i++) {
      const rest = (steps[i] ?? least) - least;
      bytes.push(rest & 255, rest >> 8);
    }
  }
  return bytes;
}

function unfolded(
  prefixes: readonly number[],
  suffixes: readonly number[],
  textBytes: number,
  count = prefixes.length,
) {
  const page = Uint8Array.from([7, ...deltas(prefixes), ...deltas(suffixes), ...new Array<number>(textBytes).fill(97)]);
  let bytes = 0;
  checkDeltaPrefixes(page, 1, count, (more) => {
    bytes += more;
  });
  return bytes;
}

describe('texts that begin like the one before', () => {
  test('are as long as their parts together', () => {
    expect(unfolded([0, 3, 4], [5, 1, 2], 8)).toBe(5 + 4 + 6);
    const prefixes = Array.from({ length: 400 }, (_, i) => i);
    expect(unfolded(prefixes, new Array<number>(400).fill(1), 400)).toBe((400 * 401) / 2);
  });

  test('tell what they unfold to, which may be far more than the page', () => {
    const prefixes = [0, ...new Array<number>(999).fill(1000)];
    expect(unfolded(prefixes, [1000, ...new Array<number>(999).fill(0)], 1000)).toBe(1_000_000);
  });

  test.each([
    ['more of a text than it has', () => unfolded([0, 6], [5, 0], 5), /6 bytes of one of 5/],
    ['something before the first one', () => unfolded([1], [5], 5), /1 bytes of one of 0/],
    ['more bytes than the page', () => unfolded([0, 0], [5, 5], 9), /texts of 10 bytes do not fit/],
    ['a length below zero', () => unfolded([0, -1], [5, 5], 10), /a length of -1/],
    ['fewer lengths than values', () => unfolded([0, 1], [5, 5], 10, 3), /2 numbers for 3 values/],
  ])('are refused with %s', (_, check, message) => {
    expect(check).toThrow(message);
  });
});

test('texts alone must fit into their page', () => {
  const page = (bytes: number) => Uint8Array.from([...deltas([3, 4, 0]), ...new Array<number>(bytes).fill(97)]);
  expect(() => checkDeltaTexts(page(7), 0, 3)).not.toThrow();
  expect(() => checkDeltaTexts(page(6), 0, 3)).toThrow(/texts of 7 bytes do not fit/);
});

test.each([
  ['without parts', [128, 1, 0], /parts/],
  ['of parts that are not whole', [128, 1, 3], /parts/],
  ['of another number of values', [128, 1, 4, 2], /2 numbers for 3 values/],
  ['of a number of more than 32 bits', [128, 1, 4, 0x83, 0x80, 0x80, 0x80, 0x10], /longer than 32 bits/],
])('blocks %s are refused', (_, head, message) => {
  expect(() => checkDeltas(Uint8Array.from([...head, ...new Array<number>(20).fill(0)]), 0, 3)).toThrow(message);
});
