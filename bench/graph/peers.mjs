// The native graphs that simdex is held against. They are installed in a folder outside of this repository; those that are not there are left out:
//
//   mkdir -p /some/where && cd /some/where && npm init -y && npm install hnswlib-node usearch
import { createRequire } from 'node:module';
import { join } from 'node:path';

const K = 10;

/** The peers of a folder, each built over the rows: name, buildSeconds, search(query, effort). */
export function buildPeers(folder, rows, dims, { efConstruction = 200 } = {}) {
  const sides = [];
  if (folder === undefined) return sides;
  for (const build of [hnswlib, usearch]) {
    try {
      sides.push(build(folder, rows, dims, efConstruction));
    } catch (error) {
      console.error(`without ${build.name}: ${error.message.split('\n')[0]}`);
    }
  }
  return sides;
}

/** `searchKnn` takes ordinary arrays only: those are made once for each query. */
export function hnswlib(folder, rows, dims, efConstruction) {
  const { HierarchicalNSW } = peer(folder, 'hnswlib-node');
  const count = rows.length / dims;
  const index = new HierarchicalNSW('ip', dims);
  index.initIndex(count, 16, efConstruction, 100);
  const given = Array.from({ length: count }, (_, i) => Array.from(rows.subarray(i * dims, (i + 1) * dims)));
  const buildSeconds = timeOf(() =>
    given.forEach((row, i) => {
      index.addPoint(row, i);
    }),
  );
  const asArray = new Map();
  const search = (query, effort) => {
    if (!asArray.has(query)) asArray.set(query, Array.from(query));
    index.setEf(effort);
    return index.searchKnn(asArray.get(query), K).neighbors;
  };
  return { name: `hnswlib-node, M 16, efConstruction ${efConstruction}`, buildSeconds, search };
}

export function usearch(folder, rows, dims) {
  const { Index } = peer(folder, 'usearch');
  const settings = { metric: 'ip', connectivity: 16, dimensions: dims, expansion_add: 128, expansion_search: 64 };
  const index = new Index(settings);
  const count = rows.length / dims;
  const buildSeconds = timeOf(() => {
    for (let i = 0; i < count; i++) index.add(BigInt(i), rows.slice(i * dims, (i + 1) * dims), 1);
  });
  // The effort is a setting of the index: one more opens the saved index with another one.
  const file = join(folder, 'bench-graph.usearch');
  index.save(file);
  const byEffort = new Map();
  const search = (query, effort) => {
    if (!byEffort.has(effort)) {
      const opened = new Index({ ...settings, expansion_search: effort });
      opened.load(file);
      byEffort.set(effort, opened);
    }
    return Array.from(byEffort.get(effort).search(query, K, 1).keys, Number);
  };
  return { name: 'usearch f32, connectivity 16, expansion 128', buildSeconds, search };
}

function peer(folder, name) {
  return createRequire(join(folder, 'package.json'))(name);
}

/** In seconds. */
export function timeOf(work) {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}
