// Stores some points in a server, and searches them with a filter, by the client that Qdrant has for JavaScript.
//
//   node examples/serve/client.mjs [URL]
import { QdrantClient } from '@qdrant/js-client-rest';

const client = new QdrantClient({ url: process.argv[2] ?? 'http://127.0.0.1:6333' });

await client.createCollection('cities', { vectors: { size: 3, distance: 'Cosine' } });
await client.upsert('cities', {
  wait: true,
  points: [
    { id: 1, vector: [0.9, 0.1, 0.1], payload: { name: 'Berlin', country: 'DE', people: 3_700_000 } },
    { id: 2, vector: [0.8, 0.3, 0.1], payload: { name: 'Hamburg', country: 'DE', people: 1_900_000 } },
    { id: 3, vector: [0.1, 0.9, 0.2], payload: { name: 'Lyon', country: 'FR', people: 520_000 } },
    { id: 4, vector: [0.2, 0.8, 0.4], payload: { name: 'Paris', country: 'FR', people: 2_100_000 } },
  ],
});

const { points } = await client.query('cities', {
  query: [0.15, 0.85, 0.3],
  filter: { must: [{ key: 'people', range: { gte: 1_000_000 } }] },
  limit: 2,
  with_payload: true,
});
for (const { score, payload } of points) console.log(payload.name, score.toFixed(3));
await client.deleteCollection('cities');
