// Compares the hits of searches with a float64 brute force, rows of a file against all rows of it: every metric, k = 10. Ends
// with status 1 at the first hit that the contract does not allow: rows may change places only where their scores are closer
// than 1e-6 (times the lengths of the vectors, for inner products and distances).
//
//   node scripts/search-exactness.mjs FILE [--queries N]
//
// All rows are searched for by default; --queries takes some, from all over the file. Of 10,000 rows of 784 components, all
// take some minutes, nearly all of them for the brute force.
import { parseArgs } from 'node:util';
import { readVectors, VectorIndex } from 'simdex';

const K = 10;
const BATCH = 256;
const { values, positionals } = parseArgs({ options: { queries: { type: 'string' } }, allowPositionals: true });
const [file] = positionals;
if (!file || (values.queries !== undefined && !(Number(values.queries) >= 1))) {
  console.error('usage: node scripts/search-exactness.mjs FILE [--queries N]');
  process.exit(2);
}

const rows = [];
for await (const { data, dims } of readVectors(file)) {
  for (let at = 0; at < data.length; at += dims) rows.push(Float32Array.from(data.subarray(at, at + dims)));
}
const lengths = rows.map((row) => Math.sqrt(dotOf(row, row)));
const wanted = Math.min(rows.length, Number(values.queries ?? rows.length));
const asked = Array.from({ length: wanted }, (_, i) => Math.floor((i * rows.length) / wanted));

for (const metric of ['cosine', 'dot', 'euclidean']) {
  const index = await VectorIndex.build(rows, { metric });
  let moved = 0;
  for (let first = 0; first < asked.length; first += BATCH) {
    const some = asked.slice(first, first + BATCH);
    const hits = await index.searchBatch(
      some.map((row) => rows[row]),
      K,
    );
    for (const [i, row] of some.entries()) moved += compare(metric, row, hits[i].ids);
  }
  await index.dispose();
  console.log(
    `${metric}: ${asked.length} × ${K} hits of ${rows.length} rows are right, ${moved} of them within 1e-6 of their neighbour`,
  );
}

/** Number of hits that are not in the place which the brute force gives them. */
function compare(metric, query, ids) {
  const scores = Float64Array.from(rows, (row, i) => scoreOf(metric, query, row, i));
  const best = bestOf(scores);
  let moved = 0;
  for (const [rank, expected] of best.entries()) {
    const found = ids[rank];
    if (found === expected) continue;
    moved++;
    const size =
      metric === 'cosine'
        ? 1
        : metric === 'dot'
          ? lengths[query] * lengths[found]
          : Math.max(lengths[query], lengths[found]);
    if (Math.abs(scores[found] - scores[expected]) <= 1e-6 * size) continue;
    console.error(
      `${metric}, row ${query}, rank ${rank}: found ${found} (${scores[found]}), not ${expected} (${scores[expected]})`,
    );
    process.exit(1);
  }
  if (ids.length !== best.length) throw new Error(`${ids.length} hits instead of ${best.length}`);
  return moved;
}

/** Greater is better. */
function scoreOf(metric, query, row, i) {
  if (metric !== 'euclidean') return dotOf(rows[query], row) / (metric === 'cosine' ? lengths[query] * lengths[i] : 1);
  let sum = 0;
  for (let j = 0; j < row.length; j++) sum += (row[j] - rows[query][j]) ** 2;
  return -Math.sqrt(sum);
}

function dotOf(a, b) {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}

/** The best K positions, of equal scores the earlier one first. */
function bestOf(scores) {
  const order = Array.from(scores.keys());
  order.sort((a, b) => scores[b] - scores[a] || a - b);
  return order.slice(0, K);
}
