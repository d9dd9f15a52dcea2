/**
 * The packages of the server: a version that does not fit is named when it is needed.
 */
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { refuseOldFastify } from '../../src/server/packages.js';

test('the version that is installed fits', () => {
  expect(() => refuseOldFastify(fastify().version)).not.toThrow();
});

test('an older one is refused with both versions and what to do', () => {
  expect(() => refuseOldFastify('4.29.1')).toThrow(
    /^A package is missing: the server needs fastify 5 or newer, and 4\.29\.1 is installed; npm install fastify@latest$/,
  );
});
