// The calls of Qdrant's client, and below each what takes its place in a program that needs no server.
//
//   node examples/migration/from-qdrant.mjs
import { VectorIndex } from 'simdex';

// client.createCollection('cities', { vectors: { size: 2, distance: 'Cosine' } })
const index = await VectorIndex.build([], { dims: 2, metric: 'cosine' });
const payloads = new Map(); // an index keeps ids and vectors; payloads are yours to keep

// client.upsert('cities', { points: [{ id: 1, vector: [1, 0.1], payload: { country: 'DE' } }, …] })
const points = [
  { id: 1, vector: [1, 0.1], payload: { name: 'Berlin', country: 'DE' } },
  { id: 2, vector: [0.9, 0.3], payload: { name: 'Lyon', country: 'FR' } },
  { id: 3, vector: [0.2, 1], payload: { name: 'Hamburg', country: 'DE' } },
];
await index.upsert(
  points.map(({ vector }) => vector),
  { ids: points.map(({ id }) => id) },
);
for (const { id, payload } of points) payloads.set(id, payload);

// client.query('cities', { query: [1, 0.2], filter: { must: [{ key: 'country', match: { value: 'DE' } }] }, limit: 2 })
const german = (id) => payloads.get(id).country === 'DE';
const { ids, scores } = await index.search([1, 0.2], 2, { filter: german });
console.log(ids.map((id, i) => `${payloads.get(id).name} ${scores[i].toFixed(3)}`));

// client.query('cities', { query: 1, limit: 1, score_threshold: 0.5 }): the nearest to a point that is there
const near = await index.search({ id: 1 }, 1, { filter: (id) => id !== 1, threshold: 0.5 });
console.log(near.ids);

// client.retrieve('cities', { ids: [3] }), client.delete('cities', { points: [2] }), client.count('cities')
console.log(index.has(3), await index.remove([2]), index.size);

// client.scroll('cities')
console.log([...index.ids()]);
await index.dispose();
