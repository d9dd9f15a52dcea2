// A graph beside the exact scan: how many of the true neighbours it finds, and what that costs.
//
//   node examples/recall.mjs
import { VectorIndex } from 'simdex';

// 4,000 vectors around 80 centres.
const dims = 64;
let state = 1;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const centres = Array.from({ length: 80 }, () => Float32Array.from({ length: dims }, () => random() - 0.5));
const vector = (i) => centres[i % 80].map((x) => x + 0.4 * (random() - 0.5));
const vectors = Array.from({ length: 4000 }, (_, i) => vector(i));
const queries = Array.from({ length: 100 }, (_, i) => vector(i));

const index = await VectorIndex.build(vectors, { graph: true });
for (const options of [{ recall: 0.9 }, { recall: 0.99 }, { effort: 400 }, { exact: true }]) {
  const hits = await index.searchBatch(queries, 10, options);
  const scored = hits.reduce((sum, each) => sum + each.rowsScored, 0) / queries.length;
  const exact = hits.every((each) => each.exact);
  console.log(
    JSON.stringify(options),
    exact ? 'exact' : 'through the graph',
    `${Math.round(scored)} rows scored exactly`,
  );
}
console.log(`recall of the ten best: ${(await index.measureRecall(queries, 10, { recall: 0.99 })).toFixed(2)}`);

await index.add([vector(5)], { ids: [4000] });
console.log(
  `found at once: ${(await index.search({ id: 4000 }, 1)).ids[0]}, waiting for the graph: ${index.graph.pending}`,
);
await index.dispose();
