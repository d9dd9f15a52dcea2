import { expect, test } from 'vitest';
import { differencesFrom } from './reference.js';
import { createIndexer, inSharedMemory, randomMatrix } from './support.js';

test('rows in shared memory that do not follow one another are each taken from where they are', async () => {
  const indexer = createIndexer(2);
  const { data } = inSharedMemory(randomMatrix(300, 20));
  const reversed = Array.from({ length: 300 }, (_, i) => data.subarray((299 - i) * 20, (300 - i) * 20));
  const overlapping = Array.from({ length: 300 }, (_, i) => data.subarray(i, i + 20));
  const otherBuffer = Array.from({ length: 300 }, (_, i) =>
    i === 299 ? inSharedMemory(randomMatrix(300, 20, 9)).data.subarray(i * 20) : data.subarray(i * 20, i * 20 + 20),
  );
  for (const rows of [reversed, overlapping, otherBuffer]) {
    expect(differencesFrom(rows, await indexer.indexVectorsMonitored(rows))).toEqual([]);
  }
});
