/**
 * What a page pays for the element.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

test('the element is one file of less than 10 kB, gzipped', () => {
  const code = readFileSync('dist/monitor-element.js');
  expect(code.toString()).not.toMatch(/\bfrom\s*["']|\bimport\s*[("']/);
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(10_000);
});

test('it can be imported where there are no pages, and defines nothing there', async () => {
  const { SimdexMonitorElement } = await import('simdex/monitor-element');
  expect(SimdexMonitorElement.observedAttributes).toEqual(['src', 'shows']);
});
