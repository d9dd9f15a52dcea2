// Requests that store 64 points, against a bare route that parses the same JSON; and how fast the graph keeps up.
import { median, spread, tell, whole } from './figures.mjs';
import { startBare, startServer } from './processes.mjs';
import { createCollection, importRows, load, send, untilGreen, waitingFor } from './requests.mjs';
import { randomRow } from './vectors.mjs';

const GRAPH_ROWS = 30_000;

export async function upsert({ rounds, roundMs }) {
  const server = await startServer('upsert');
  const bare = await startBare();
  await createCollection(server.url, 'c');
  // Enough for a graph, which takes in what comes then.
  await importRows(server.url, 'c', GRAPH_ROWS);
  await untilGreen(server.url, 'c');
  let next = GRAPH_ROWS;
  const bodies = Array.from({ length: 32 }, () =>
    Array.from({ length: 64 }, () => `"vector":[${Array.from(randomRow(), (x) => Number(x.toPrecision(8)))}]}`),
  );
  const body = () => {
    const points = bodies[next % bodies.length].map((vector) => `{"id":${next++},${vector}`);
    return `{"points":[${points}]}`;
  };
  const upsert = (url) => () => send(url, 'PUT', '/collections/c/points?wait=true', body(), 'application/json', 8);
  await load(8, 1000, upsert(server.url));
  await load(8, 1000, upsert(bare.url));
  const ratios = [];
  const rates = [];
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const ours = await load(8, roundMs, upsert(server.url));
    const theirs = await load(8, roundMs, upsert(bare.url));
    ratios.push(ours.perSecond / theirs.perSecond);
    rates.push([ours.perSecond, theirs.perSecond]);
    refused += ours.refused;
  }
  const beganAt = performance.now();
  const waiting = await waitingFor(server.url, 'c');
  await untilGreen(server.url, 'c');
  const graphRate = (1000 * waiting) / (performance.now() - beganAt);
  const detail = `${whole(median(rates.map(([ours]) => ours)))} requests/s, ${refused} × 429`;
  tell(
    'upsert of 64 × 384, 8 connections',
    detail,
    `bare Fastify ${whole(median(rates.map(([, theirs]) => theirs)))}`,
    spread(ratios),
    '0.5',
  );
  tell('graph keeps up, after the load', `${whole(graphRate)} rows/s`, `${whole(waiting)} rows waited`, '', 'stated');
  await server.stop();
  bare.child.kill();
}
