// The calls of usearch, and below each what takes its place.
//
//   node examples/migration/from-usearch.mjs
import { VectorIndex } from 'simdex';

// new usearch.Index({ metric: 'l2sq', dimensions: 2 })
const index = await VectorIndex.build([], { dims: 2, metric: 'euclidean' });

// index.add(new BigUint64Array([15n, 16n, 17n]), new Float32Array([10, 20, 10, 25, 90, 90]))
await index.add({ data: new Float32Array([10, 20, 10, 25, 90, 90]), dims: 2 }, { ids: [15, 16, 17] });

// const { keys, distances } = index.search(new Float32Array([13, 14]), 2)
const { ids, scores } = await index.search([13, 14], 2);
console.log(
  ids,
  [...scores].map((distance) => Math.round(distance ** 2)),
);

// index.search(new Float32Array([13, 14, 90, 91]), 1).get(1)
const batch = await index.searchBatch({ data: new Float32Array([13, 14, 90, 91]), dims: 2 }, 1);
console.log(batch[1].ids);

// index.contains(16n), index.remove(16n), index.size()
console.log(index.has(16), await index.remove([16]), index.size);

// index.save('points.usearch'), index.load('points.usearch')
await index.save('points.safetensors');
await index.dispose();
const loaded = await VectorIndex.load('points.safetensors'); // { rows: 'file' } in place of index.view()
console.log(loaded.size, 'rows');
await loaded.dispose();
