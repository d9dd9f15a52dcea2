// The slowest searches while rows are imported, against an idle server.
import { openConnections, requestBytes } from './connections.mjs';
import { median, percentile, spread, tell } from './figures.mjs';
import { startServer } from './processes.mjs';
import { createCollection, importRows, load, untilGreen } from './requests.mjs';
import { randomRow } from './vectors.mjs';

export async function latency({ rounds, roundMs, rows }) {
  const server = await startServer('latency');
  await createCollection(server.url, 'c');
  await createCollection(server.url, 'd');
  await importRows(server.url, 'c', rows);
  await untilGreen(server.url, 'c');
  const body = JSON.stringify({ query: Array.from(randomRow()), limit: 10 });
  const request = requestBytes('POST', '/collections/c/points/query', body);
  const connections = openConnections(server.url, 4);
  const search = (loop) => connections[loop](request);
  await load(4, 1000, search);
  const ratios = [];
  const figures = [];
  for (let round = 0; round < rounds; round++) {
    const idle = percentile((await load(4, roundMs, search)).times, 0.99);
    const importing = importRows(server.url, 'd', rows);
    const busy = percentile((await load(4, roundMs, search)).times, 0.99);
    await importing;
    await untilGreen(server.url, 'd');
    ratios.push(busy / idle);
    figures.push([busy, idle]);
  }
  tell(
    'p99 of searches during an import, 4 connections',
    `${median(figures.map(([busy]) => busy)).toFixed(1)} ms`,
    `idle ${median(figures.map(([, idle]) => idle)).toFixed(1)} ms`,
    spread(ratios),
    'at most 5',
  );
  await server.stop();
}
