import { expect, test } from 'vitest';
import { widenHalvesInto } from '../../src/base/float16.js';

const halves = Uint16Array.from({ length: 65_536 }, (_, half) => half);

test('every half that is a number widens to its value by the definition of the format', () => {
  const singles = new Float32Array(65_536);
  widenHalvesInto(new Uint32Array(singles.buffer), 0, halves);
  for (const half of halves) {
    const sign = half >= 0x8000 ? -1 : 1;
    const exponent = Math.floor(half / 1024) % 32;
    const fraction = half % 1024;
    let value = exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
    if (exponent === 31) value = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (!Object.is(singles[half], value))
      expect.fail(`half 0x${half.toString(16)} became ${singles[half]}, not ${value}`);
  }
});

test('a NaN keeps its sign and payload', () => {
  const bits = new Uint32Array(3);
  widenHalvesInto(bits, 0, Uint16Array.of(0x7e00, 0xfe01, 0x7c01));
  expect([...bits]).toEqual([0x7fc00000, 0xffc02000, 0x7f802000]);
});

test('writes from the index given and nowhere else', () => {
  const bits = new Uint32Array(4).fill(7);
  widenHalvesInto(bits, 1, Uint16Array.of(0x3c00, 0xc000));
  expect([...bits]).toEqual([7, 0x3f800000, 0xc0000000, 7]);
});
