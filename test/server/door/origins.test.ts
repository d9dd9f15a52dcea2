import { expect, test } from 'vitest';
import { isForeign, isOrigin } from '../../../src/server/door/origins.js';

test.each([
  ['http://localhost:6333', 'localhost:6333', false],
  ['http://localhost', 'localhost', false],
  ['http://localhost', 'localhost:80', false],
  ['https://vectors.example', 'vectors.example', false],
  ['https://vectors.example', 'vectors.example:443', false],
  ['http://127.0.0.1:6333', 'localhost:6333', true],
  ['http://localhost:3000', 'localhost:6333', true],
  ['http://evil.example', 'localhost:6333', true],
  ['http://localhost.evil.example:6333', 'localhost:6333', true],
  ['null', 'localhost:6333', true],
  ['', 'localhost:6333', true],
  ['file://', 'localhost:6333', true],
  ['http://localhost:6333', undefined, true],
  ['http://localhost:6333', 'evil.example@localhost:6333', false],
])('a page of %s, sent to %s: foreign is %s', (origin, host, foreign) => {
  expect(isForeign(origin, host)).toBe(foreign);
});

test('an origin is a scheme, a host and a port', () => {
  expect(['http://a.example', 'https://a.example:8443'].every(isOrigin)).toBe(true);
  const others = [
    '*',
    'null',
    'a.example',
    'http://a.example/',
    'http://a.example/x',
    'ftp://a.example',
    'HTTP://A.example',
  ];
  expect(others.filter(isOrigin)).toEqual([]);
});
