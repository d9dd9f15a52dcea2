import { inspect } from 'node:util';
import { expect, test, vi } from 'vitest';
import { Keys, keyOf } from '../../../src/server/door/keys.js';

const compared: [number, number][] = [];
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  const timingSafeEqual = (a: Buffer, b: Buffer) => {
    compared.push([a.length, b.length]);
    return crypto.timingSafeEqual(a, b);
  };
  return { ...crypto, timingSafeEqual };
});

test('whatever is asked with is compared as one digest with every key: its length and how much is right make no difference', () => {
  const keys = new Keys({ apiKey: 'all-of-it', readOnlyApiKey: 'only-read' });
  for (const key of [
    '',
    'a',
    'all-of-i',
    'all-of-it',
    'only-read',
    'all-of-it-and-more',
    'x'.repeat(10_000),
    'ä\u0000',
  ]) {
    compared.length = 0;
    keys.rightsOf(key);
    expect(compared, key.slice(0, 20)).toEqual([
      [32, 32],
      [32, 32],
    ]);
  }
});

test('each key has its rights, and nothing else has any', () => {
  const keys = new Keys({ apiKey: 'all-of-it', readOnlyApiKey: 'only-read' });
  expect(keys.rightsOf('all-of-it')).toBe('all');
  expect(keys.rightsOf('only-read')).toBe('read');
  for (const other of ['', 'all-of-i', 'all-of-it ', 'ALL-OF-IT', 'all-of-it\0', 'undefined']) {
    expect(keys.rightsOf(other)).toBeUndefined();
  }
});

test('without keys none is needed, and none is right', () => {
  const keys = new Keys({});
  expect(keys.areNeeded).toBe(false);
  expect(keys.rightsOf('')).toBeUndefined();
  expect(keys.rightsOf('undefined')).toBeUndefined();
});

test('an object of keys shows none of them', () => {
  const keys = new Keys({ apiKey: 'all-of-it' });
  expect(inspect(keys, { showHidden: true, depth: 9 }) + JSON.stringify(keys)).not.toContain('all-of-it');
});

test('the key is in api-key, or a bearer token', () => {
  expect(keyOf({ 'api-key': 'a' })).toBe('a');
  expect(keyOf({ authorization: 'Bearer b' })).toBe('b');
  expect(keyOf({ authorization: 'bearer   b ' })).toBe('b');
  expect(keyOf({ 'api-key': 'a', authorization: 'Bearer b' })).toBe('a');
  expect(keyOf({ authorization: 'Basic b' })).toBeUndefined();
  expect(keyOf({ authorization: 'Bearer' })).toBeUndefined();
  expect(keyOf({})).toBeUndefined();
});
