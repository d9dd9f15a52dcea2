/**
 * Snapshots that are made while writes go on.
 */
import { QdrantClient } from '@qdrant/js-client-rest';
import { expect, test } from 'vitest';
import { serve } from './serving.js';

const DIMS = 8;
const vectorOf = (seed: number) => Array.from({ length: DIMS }, (_, i) => Math.fround(Math.sin(seed * DIMS + i + 1)));

test('snapshots are of one moment, whatever is written meanwhile', async () => {
  await using serving = await serve();
  const client = new QdrantClient({ url: serving.url });
  await client.createCollection('c', { vectors: { size: DIMS, distance: 'Cosine' } });
  const write = (round: number) => {
    const points = Array.from({ length: 2000 }, (_, i) => ({ id: i, vector: vectorOf(i + round), payload: { round } }));
    return client.upsert('c', { wait: true, points });
  };
  await write(0);
  const writing = (async () => {
    for (let round = 1; round <= 20; round++) await write(round);
  })();
  const taken: Uint8Array<ArrayBuffer>[] = [];
  for (let i = 0; i < 3; i++) {
    const { name } = (await client.createSnapshot('c'))!;
    const answer = await fetch(`${serving.url}/collections/c/snapshots/${name}`);
    taken.push(new Uint8Array(await answer.arrayBuffer()));
  }
  await writing;
  for (const bytes of taken) {
    await fetch(`${serving.url}/collections/moment/snapshots/upload`, { method: 'POST', body: bytes });
    const { points } = await client.scroll('moment', { limit: 10_000, with_vector: true });
    expect(points).toHaveLength(2000);
    const rounds = new Set(points.map(({ payload }) => payload?.['round']));
    expect(rounds.size).toBe(1);
    const round = Number([...rounds][0]);
    const unit = vectorOf(5 + round).map((component, _, all) => component / Math.hypot(...all));
    expect(points[5]!.vector).toEqual(unit.map((component) => expect.closeTo(component, 5)));
  }
});
