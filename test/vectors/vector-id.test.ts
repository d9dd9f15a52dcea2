import { expect, test } from 'vitest';
import { checkId } from '../../src/vectors/vector-id.js';

test('an id is a string of whole characters or a safe integer', () => {
  for (const id of ['', 'a', '\u{1f600}', '\0', 0, -5, 2 ** 53 - 1]) expect(checkId('id', id)).toBe(id);
  expect(Object.is(checkId('id', -0), 0)).toBe(true);
});

test.each([
  ['a\ud800'],
  ['\udc00b'],
  ['\udc00\ud800'],
  [2 ** 53],
  [1.5],
  [Number.NaN],
  [3n],
  [null],
  [undefined],
  [[1]],
])('%o is refused by its name', (id) => {
  expect(() => checkId('ids[7]', id)).toThrow(
    /^Invalid indexing configuration: ids\[7\] must be a safe integer or a string/,
  );
});
