// Searches through the graph by 64 connections, against the same in one process.
import { Engine, VectorIndex } from 'simdex';
import { openConnections, requestBytes } from './connections.mjs';
import { median, spread, tell, whole } from './figures.mjs';
import { startServer } from './processes.mjs';
import { createCollection, importRows, load, untilGreen } from './requests.mjs';
import { DIMS, npyPieces, randomRow } from './vectors.mjs';

export async function search({ rounds, roundMs, rows }) {
  const server = await startServer('search');
  await createCollection(server.url, 'c');
  await importRows(server.url, 'c', rows);
  await untilGreen(server.url, 'c');
  const engine = new Engine();
  const chunks = (function* () {
    for (const piece of npyPieces(rows))
      if (piece.length % (4 * DIMS) === 0)
        yield { data: new Float32Array(piece.buffer, piece.byteOffset, piece.length / 4), dims: DIMS };
  })();
  const index = await VectorIndex.build(
    (async function* () {
      yield* chunks;
    })(),
    { engine, graph: true },
  );
  const queries = Array.from({ length: 512 }, () => randomRow());
  const requests = queries.map((query) =>
    requestBytes(
      'POST',
      '/collections/c/points/query',
      JSON.stringify({ query: Array.from(query, (x) => Number(x.toPrecision(8))), limit: 10 }),
    ),
  );
  const connections = openConnections(server.url, 64);
  let next = 0;
  const ours = (loop) => connections[loop](requests[next++ % requests.length]);
  const { result } = JSON.parse(await ours(0));
  if (result.points.length !== 10) throw new Error(`${result.points.length} hits of 10`);
  const theirs = () => index.search(queries[next++ % queries.length], 10);
  await load(64, 1000, ours);
  await load(64, 1000, theirs);
  const ratios = [];
  const rates = [];
  for (let round = 0; round < rounds; round++) {
    const a = await load(64, roundMs, ours);
    const b = await load(64, roundMs, theirs);
    ratios.push(a.perSecond / b.perSecond);
    rates.push([a.perSecond, b.perSecond]);
  }
  tell(
    `search of ${whole(rows)} × 384, graph, 64 connections`,
    `${whole(median(rates.map(([a]) => a)))} queries/s`,
    `in-process ${whole(median(rates.map(([, b]) => b)))}`,
    spread(ratios),
    '0.5',
  );
  await index.dispose();
  await engine.dispose();
  await server.stop();
}
