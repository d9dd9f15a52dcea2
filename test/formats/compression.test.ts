/**
 * Zstandard and LZ4 against their own programs, and what bytes that mean harm can make of them: an error, soon.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { decompressLz4Block, decompressLz4Frame } from '../../src/formats/compression/lz4.js';
import { decompressZstd } from '../../src/formats/compression/zstd.js';
import { createRandom } from './support.js';

const random = createRandom(20_261_126);
const words = Array.from({ length: 300 }, () => Array.from({ length: 1 + random(9) }, () => random(256)));
const inputs: Readonly<Record<string, Uint8Array>> = {
  nothing: new Uint8Array(0),
  'one byte': Uint8Array.of(7),
  'one byte over and over': new Uint8Array(400_000).fill(3),
  noise: Uint8Array.from({ length: 200_000 }, () => random(256)),
  'half a byte of noise': Uint8Array.from({ length: 200_000 }, () => random(16)),
  words: Uint8Array.from(Array.from({ length: 100_000 }, () => words[random(random(300) + 1)]!).flat()),
  floats: new Uint8Array(Float32Array.from({ length: 60_000 }, () => random(1000) / 8).buffer),
};

function compress(program: string, args: readonly string[], input: Uint8Array): Uint8Array {
  const { stdout, status } = spawnSync(program, ['-q', '-c', ...args], { input, maxBuffer: 2 ** 28 });
  expect(status).toBe(0);
  return new Uint8Array(stdout);
}

describe.each([
  ['zstd', decompressZstd, [['-1'], ['-3'], ['-9', '--no-check'], ['-19'], ['--ultra', '-22'], ['--fast=9']]],
  ['lz4', decompressLz4Frame, [['-1'], ['-9'], ['-B4', '-BD', '-BX'], ['--no-frame-crc']]],
] as const)('%s', (program, decompress, levels) => {
  const isThere = spawnSync(program, ['--version']).status === 0;

  test.skipIf(!isThere).each(Object.entries(inputs))(`%s is as it was (skipped without ${program})`, (_, input) => {
    for (const level of levels) {
      const found = decompress(compress(program, level, input), input.length);
      expect(Buffer.compare(found, input), level.join(' ')).toBe(0);
    }
  });

  test.skipIf(!isThere)(`more or fewer bytes than expected are refused (skipped without ${program})`, () => {
    const { words: input } = inputs;
    const bytes = compress(program, ['-3'], input!);
    for (const length of [0, 1, input!.length - 1, input!.length + 1])
      expect(() => decompress(bytes, length)).toThrow(Error);
    expect(() => decompress(bytes.subarray(0, bytes.length >> 1), input!.length)).toThrow(Error);
  });

  test.skipIf(!isThere)(
    `damaged anywhere it ends, in an error or in as many bytes (skipped without ${program})`,
    () => {
      const input = inputs['words']!.subarray(0, 20_000);
      const whole = compress(program, ['-3'], input);
      for (let round = 0; round < 2000; round++) {
        const bytes = whole.slice();
        for (let flips = random(4); flips >= 0; flips--) bytes[random(round % 2 ? 40 : bytes.length)] = random(256);
        try {
          expect(decompress(bytes, input.length).length).toBe(input.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }
    },
  );
});

test('several frames of Zstandard, and one to pass over, are one text', () => {
  const raw = (text: string, isLast: 0 | 1 = 1) => [isLast | (text.length << 3), 0, 0, ...Buffer.from(text)];
  const frame = (...blocks: number[]) => [0x28, 0xb5, 0x2f, 0xfd, 0, 0, ...blocks];
  const skipped = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
  const bytes = [...frame(...raw('one ', 0), ...raw('two ')), ...skipped, ...frame(...raw('three'))];
  expect(Buffer.from(decompressZstd(Uint8Array.from(bytes), 13)).toString()).toBe('one two three');
  for (let end = 1; end < bytes.length; end++)
    expect(() => decompressZstd(Uint8Array.from(bytes.slice(0, end)), 13), String(end)).toThrow(Error);
});

test('a block of 98,000 matches that take no bits, each of 131,074 bytes, is refused at once', () => {
  const sequences = [255, 0xff, 0xff, 0b01010100, 0, 1, 52, 1];
  const block = [1 << 3, 0x41, ...sequences];
  const bytes = [0x28, 0xb5, 0x2f, 0xfd, 0, 0, 1 | (2 << 1) | (block.length << 3), 0, 0, ...block];
  expect(() => decompressZstd(Uint8Array.from(bytes), 1000)).toThrow(/Zstandard/);
});

describe('a block of LZ4', () => {
  test('of literals and matches that overlap', () => {
    const block = Uint8Array.of(0x2f, 97, 98, 2, 0, 3, 0x30, 120, 121, 122);
    expect(Buffer.from(decompressLz4Block(block, 27)).toString()).toBe(`${'ab'.repeat(12)}xyz`);
  });

  test.each([
    ['a match before the beginning', [0x10, 97, 2, 0]],
    ['a distance of nothing', [0x10, 97, 0, 0]],
    ['literals that are not there', [0xf0, 255, 255, 3, 97]],
    ['a length without an end', [0x1f, 97, 1, 0, 255, 255]],
    ['a match that is longer than the data', [0x1f, 97, 1, 0, 255, 255, 0]],
    ['a distance that is cut off', [0x10, 97, 1]],
  ])('with %s is refused', (_, bytes) => {
    expect(() => decompressLz4Block(Uint8Array.from(bytes), 30)).toThrow(/LZ4/);
  });
});
