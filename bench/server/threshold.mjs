// From how many rows on a graph pays: searches as the server does them, through a graph and by a scan of the same index.
import { Engine, VectorIndex } from 'simdex';
import { median, spread, tell, whole } from './figures.mjs';
import { load } from './requests.mjs';
import { DIMS, npyPieces, randomRow } from './vectors.mjs';

export async function threshold({ rounds, roundMs, sizes }) {
  const engine = new Engine();
  const queries = Array.from({ length: 512 }, () => randomRow());
  for (const rows of sizes) {
    const index = await VectorIndex.build(matrices(rows), { engine, graph: true });
    let next = 0;
    const search = (exact) => () => index.search(queries[next++ % queries.length], 10, { exact });
    for (const callers of [1, 64]) {
      await load(callers, roundMs / 4, search(true));
      await load(callers, roundMs / 4, search(false));
      const rates = [];
      for (let round = 0; round < rounds; round++) {
        const graph = await load(callers, roundMs, search(false));
        const scan = await load(callers, roundMs, search(true));
        rates.push([graph.perSecond, scan.perSecond]);
      }
      tell(
        `${whole(rows)} × ${DIMS}, ${callers} at a time: through the graph`,
        `${whole(median(rates.map(([graph]) => graph)))} queries/s`,
        `scan ${whole(median(rates.map(([, scan]) => scan)))}`,
        spread(rates.map(([graph, scan]) => graph / scan)),
        'above 1',
      );
    }
    await index.dispose();
  }
  await engine.dispose();
}

async function* matrices(rows) {
  for (const piece of npyPieces(rows)) {
    if (piece.length % (4 * DIMS) !== 0) continue;
    yield { data: new Float32Array(piece.buffer, piece.byteOffset, piece.length / 4), dims: DIMS };
  }
}
