import { expect, test } from 'vitest';
import { differencesFrom } from './reference.js';
import { createIndexer, randomRows } from './support.js';

test.each(['simd', 'scalar', 'javascript'] as const)(
  'kernel: %s indexes, on the calling thread and on others',
  async (kernel) => {
    const heard: string[] = [];
    const logger = { info: (message: string) => heard.push(message), warn: () => undefined };
    const indexer = createIndexer(2, { kernel, logger });
    for (const count of [10, 300]) {
      const vectors = randomRows(count, 24);
      const result = await indexer.indexVectorsMonitored(vectors);
      expect(differencesFrom(vectors, result)).toEqual([]);
      expect(result.performanceReport!.backend.kernel).toBe(kernel);
    }
    expect(indexer.backend).toMatchObject({ kernel, threads: 2 });
    expect(heard).toEqual([`Using the ${kernel} kernel on 2 threads`]);
  },
);
