/**
 * How often V8 collects garbage for the memory of indexes. Each collection marks all objects of the caller, and holds the thread meanwhile.
 * Each index here takes 50 MB.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

async function build(count: number, fate: 'kept' | 'forgotten' | 'disposed') {
  const file = fileURLToPath(new URL('children/collections.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, String(count), fate], { timeout: 110_000 });
  return JSON.parse(stdout) as { collections: number; mostBytes: number; size: number };
}

test('indexes that are kept cause few collections', async () => {
  const { collections, size } = await build(12, 'kept');
  expect(size).toBe(120_000);
  expect(collections).toBeLessThanOrEqual(4);
});

test('indexes that are forgotten are collected before they fill the memory', async () => {
  const { collections, mostBytes } = await build(40, 'forgotten');
  expect(collections).toBeGreaterThanOrEqual(3);
  expect(mostBytes).toBeLessThan(1.2e9);
});

test('indexes that are disposed are collected sooner than forgotten ones', async () => {
  const { collections, mostBytes } = await build(40, 'disposed');
  expect(collections).toBeGreaterThanOrEqual(12);
  expect(mostBytes).toBeLessThan(0.8e9);
});
