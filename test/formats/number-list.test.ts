/**
 * The oracle is the engine: `Math.fround(Number(text))` for every text that is a decimal number.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NumberList } from '../../src/formats/number-list.js';
import { runsOf } from '../seed.js';

const encoder = new TextEncoder();

/** Bits of the numbers of a list, so that -0 counts; undefined where one is none. */
function scan(text: string, grammar: 'json' | 'loose' = 'json'): number[] | undefined {
  const list = new NumberList();
  if (!list.scan(encoder.encode(`${text}\n`), 0, grammar)) return undefined;
  if (list.at !== encoder.encode(text).length) return undefined;
  return bitsOf(list.values.subarray(0, list.length));
}

function bitsOf(values: ArrayLike<number>): number[] {
  return [...new Uint32Array(Float32Array.from(values).buffer)];
}

const expectSame = (text: string, grammar: 'json' | 'loose' = 'json') =>
  expect(scan(text, grammar), text).toEqual(bitsOf([Number(text)]));

const digits = (constraints: { minLength?: number; maxLength: number }) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, ...constraints });

describe('a number equals Math.fround(Number(text))', () => {
  test('whatever digits, point and exponent it has', () => {
    const integer = digits({ maxLength: 45 });
    const fraction = fc.option(digits({ maxLength: 45 }));
    const exponent = fc.option(
      fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), digits({ maxLength: 4 })),
    );
    fc.assert(
      fc.property(fc.boolean(), integer, fraction, exponent, (negative, whole, part, power) => {
        const text = `${negative ? '-' : ''}${whole}${part === null ? '' : `.${part}`}${power?.join('') ?? ''}`;
        expectSame(text, 'loose');
        const isJson = whole === '0' || !whole.startsWith('0');
        if (isJson) expectSame(text);
        else expect(scan(text)).toBeUndefined();
      }),
      runsOf(20_000),
    );
  });

  test('every way that engines write a float64 or float32', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 0, max: 20 }),
        (value, places) => {
          expectSame(String(value));
          expectSame(value.toExponential(places));
          expectSame(String(Math.fround(value)).replace(/^-?Infinity$/, '1e39'));
          if (Math.abs(value) < 1e21) expectSame(value.toFixed(places));
        },
      ),
      runsOf(5000),
    );
  });

  test('halfway between two float32, exactly and by the least bit to either side', () => {
    const normal = fc.integer({ min: 1, max: 0x7f7ffffe });
    fc.assert(
      fc.property(normal, fc.integer({ min: 1, max: 30 }), (bits, zeros) => {
        const [low = 0, high = 0] = new Float32Array(Uint32Array.of(bits, bits + 1).buffer);
        // A float64 holds the mean of two float32 exactly, and BigInt its decimals.
        const halfway = exactDecimals((low + high) / 2);
        expectSame(halfway);
        expectSame(`${halfway}${halfway.includes('.') ? '' : '.'}${'0'.repeat(zeros)}1`);
        expectSame(halfway.replace(/[1-9](?=0*$)/, (digit) => String(Number(digit) - 1)));
      }),
      runsOf(3000),
    );
  });

  test.each([
    ...['0', '-0', '0.0', '-0.0e5', '0e999999', '1', '-1', '16777216', '16777217', '16777219', '9007199254740993'],
    ...[
      '1e-45',
      '7.006492321624085e-46',
      '7.006492321624086e-46',
      '1.1754943508222875e-38',
      '1e-50',
      '5e-324',
      '1e-400',
    ],
    ...[
      '3.4028234663852886e38',
      '3.4028235677973366e38',
      '3.4028235677973362e38',
      '1e39',
      '1e308',
      '1e309',
      '1e999999999',
    ],
    ...['123456789', '1234567890', '123456789012345678', '1234567890123456789', '999999999999999999999999999999'],
    ...[
      '0.1234567890123456789',
      '123456789.123456789',
      '1234567890.123456789',
      '0.000000000000000000000000000012345678901',
    ],
    ...[`1${'0'.repeat(400)}e-400`, `0.${'0'.repeat(400)}1e400`, `${'9'.repeat(5000)}e-4990`, `1.${'0'.repeat(5000)}1`],
  ])('%s', (text) => expectSame(text));
});

test('lists, with spaces, of any length', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 3000 }),
      (values) => {
        expect(scan(values.join(','))).toEqual(bitsOf(values.map((value) => value + 0)));
        expect(scan(values.join(' ,\t '))).toEqual(bitsOf(values.map((value) => value + 0)));
      },
    ),
    { numRuns: 100 },
  );
  expect(scan('  1 , 2\r')).toEqual(bitsOf([1, 2]));
});

test('what is no number in JSON', () => {
  for (const text of [
    '',
    ' ',
    '-',
    '+1',
    '.5',
    '5.',
    '01',
    '-01',
    '1e',
    '1e+',
    '--1',
    '1,',
    ',1',
    '1,,2',
    'nan',
    '-NaN',
    'NaN1',
    'nullify',
    'infinity',
    '0x10',
    '1 2',
  ])
    expect(scan(text), text).toBeUndefined();
  for (const text of ['+Infinity', '1_0', '1f', 'Null', '"1"', '[1]', '1e1.5', '1.2.3', '٣', '1n'])
    expect(scan(text), text).toBeUndefined();
});

test('what Number reads beyond JSON', () => {
  for (const text of ['+1', '.5', '5.', '01', '-007.50', '+.5e-1', '5.e2']) expectSame(text, 'loose');
  for (const text of ['.', '+', '-.', '.e1', 'e5', '+-1', 'nano', 'infinite', 'n'])
    expect(scan(text, 'loose')).toBeUndefined();
});

test('what programs write for numbers that are none', () => {
  const bits = (...values: number[]) => bitsOf(values);
  expect(scan('NaN,1,null,-Infinity,Infinity')).toEqual(bits(Number.NaN, 1, Number.NaN, -Infinity, Infinity));
  expect(scan('nan, NA ,None,-inf,INF,+Infinity', 'loose')).toEqual(
    bits(Number.NaN, Number.NaN, Number.NaN, -Infinity, Infinity, Infinity),
  );
  expect(scan('1,,2,', 'loose')).toEqual(bits(1, Number.NaN, 2, Number.NaN));
});

test('any text is read as the engine reads it, or not at all', () => {
  const soup = fc.string({ unit: fc.constantFrom(...'0123456789.eE+-, '), maxLength: 12 });
  fc.assert(
    fc.property(soup, (text) => {
      let expected: number[] | undefined;
      try {
        const list = JSON.parse(`[${text}]`) as number[];
        expected = list.length > 0 ? bitsOf(list) : undefined;
      } catch {
        expected = undefined;
      }
      expect(scan(text), text).toEqual(expected);
    }),
    runsOf(20_000),
  );
});

/** All decimals of a float64, of which there are finitely many. */
function exactDecimals(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const exponent = Math.max(1, biased) - 1075;
  if (exponent >= 0) return String(mantissa << BigInt(exponent));
  // m / 2^k = m × 5^k / 10^k
  const scaled = String(mantissa * 5n ** BigInt(-exponent)).padStart(1 - exponent, '0');
  return `${scaled.slice(0, exponent)}.${scaled.slice(exponent)}`;
}
