/**
 * A graph is measured by queries of the caller, where these are not like the rows.
 */
import { describe, expect, test } from 'vitest';
import { clusteredRows } from './graph-support.js';
import { build, randomRows } from './support.js';

const DIMS = 24;
const rows = clusteredRows(3000, DIMS, 30);
// Rows lie close around 30 centres; these lie anywhere between them.
const unlike = randomRows(500, DIMS, 9);
const graph = { degree: 8, effort: 24 };

describe('calibrate', () => {
  test('makes recall hold for queries that are not like the rows', async () => {
    const index = await build(rows, { graph });
    const byRows = index.graph!.calibration;
    const told = await index.calibrate(unlike.slice(0, 250));
    expect(told).toEqual(index.graph!.calibration);
    expect(told).not.toEqual(byRows);
    const unseen = unlike.slice(250);
    for (const recall of [0.9, 0.95, 0.99]) {
      expect(await index.measureRecall(unseen, 10, { recall })).toBeGreaterThan(recall - 0.01);
    }
    // What it tells is what is found.
    const { effort, recall } = told.find((point) => point.k === 10 && point.recall > 0.9)!;
    expect(await index.measureRecall(unlike.slice(0, 250), 10, { effort })).toBeCloseTo(recall, 6);
  });

  test('that is aborted keeps what was known, and refuses what are no queries', async () => {
    const index = await build(rows, { graph });
    const known = index.graph!.calibration;
    await expect(index.calibrate(unlike, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    await expect(index.calibrate([])).rejects.toMatchObject({ code: 'InvalidConfiguration' });
    await expect(index.calibrate(randomRows(3, DIMS + 1))).rejects.toMatchObject({ code: 'InvalidConfiguration' });
    expect(index.graph!.calibration).toEqual(known);
    const plain = await build(rows.slice(0, 10));
    await expect(plain.calibrate(unlike)).rejects.toThrow('index.graph must be a graph; build one first');
  });

  test('holds until rows have changed: then the index measures by its own rows again', async () => {
    const index = await build(rows.slice(0, 1000), { graph });
    const told = await index.calibrate(unlike);
    await index.add(rows.slice(1000));
    await expect.poll(() => index.graph!.calibration, { timeout: 60_000, interval: 20 }).not.toEqual(told);
  });
});
