// The calls of hnswlib-node, and below each what takes its place.
//
//   node examples/migration/from-hnswlib.mjs
import { VectorIndex } from 'simdex';

const points = Array.from({ length: 2000 }, (_, i) => [Math.cos(i), Math.sin(i), Math.cos(3 * i), Math.sin(3 * i)]);

// const index = new HierarchicalNSW('cosine', 4)
// index.initIndex(2000, 16, 200)
// points.forEach((point, label) => index.addPoint(point, label))
const index = await VectorIndex.build(points, { graph: { degree: 32, effort: 200 } });

// index.setEf(100)
// index.searchKnn(points[7], 2)
const hits = await index.search(points[7], 2, { effort: 100 }); // or { recall: 0.99 }, and the index picks the effort
console.log(hits.ids, 1 - hits.scores[0]);

// index.searchKnn(points[7], 2, (label) => label % 2 === 0)
const even = await index.search(points[7], 2, { filter: (id) => id % 2 === 0 });
console.log(even.ids);

// index.addPoint(point, 7) of a label that is there
await index.upsert([[0, 1, 0, 1]], { ids: [7] });

// index.markDelete(0), index.getCurrentCount(), index.getPoint(7)
await index.remove([0]);
console.log(
  index.size,
  [...(await index.get(7)).vector].map((component) => component.toFixed(3)),
);

// await index.writeIndex('points.dat'), await index.readIndex('points.dat')
await index.save('points.safetensors');
await index.dispose();
const loaded = await VectorIndex.load('points.safetensors');
console.log(loaded.size, 'rows,', loaded.graph ? 'with the graph' : 'without a graph');
await loaded.dispose();
