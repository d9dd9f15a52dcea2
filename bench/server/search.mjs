// Searches through the graph by 64 connections, against the same in one process.
import { Engine, VectorIndex } from 'simdex';
import { median, spread, tell, whole } from './figures.mjs';
import { startServer } from './processes.mjs';
import { createCollection, importRows, load, send, untilGreen } from './requests.mjs';
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
  const bodies = queries.map((query) =>
    JSON.stringify({ query: Array.from(query, (x) => Number(x.toPrecision(8))), limit: 10 }),
  );
  let next = 0;
  const ours = () => send(server.url, 'POST', '/collections/c/points/query', bodies[next++ % bodies.length]);
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
