import { describe, expect, test } from 'vitest';
import { isLoopbackAddress, isLoopbackHost, isLoopbackHostField } from '../../../src/server/door/loopback.js';

test.each(['127.0.0.1', '127.255.3.4', '::1', '::ffff:127.0.0.1'])('%s is this machine', (address) => {
  expect(isLoopbackAddress(address)).toBe(true);
});

test.each(['0.0.0.0', '::', '128.0.0.1', '10.0.0.1', '::ffff:10.0.0.1', '::2', 'localhost', '', '127.1', '2130706433'])(
  '%j is no loopback address',
  (address) => {
    expect(isLoopbackAddress(address)).toBe(false);
  },
);

test('a host to listen at may be a name', () => {
  expect(isLoopbackHost('localhost')).toBe(true);
  expect(isLoopbackHost('[::1]')).toBe(true);
  expect(isLoopbackHost('localhost.example')).toBe(false);
});

describe('the field Host', () => {
  test.each([
    'localhost',
    'LOCALHOST:6333',
    'localhost.:80',
    'a.localhost:1',
    '127.0.0.1:6333',
    '[::1]:6333',
    '127.9.9.9',
  ])('%s names this machine', (field) => {
    expect(isLoopbackHostField(field)).toBe(true);
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    'evil.example:6333',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    'localhost:80:80',
    'localhost:port',
    '[::1].evil.example',
    '[::2]:1',
    '192.168.0.1',
    '0.0.0.0:6333',
    '',
    ' localhost',
    'localhost/evil',
  ])('%j does not', (field) => {
    expect(isLoopbackHostField(field)).toBe(false);
  });
});
