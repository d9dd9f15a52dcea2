// Resident memory over minutes of searches, upserts and scrolling.
import { median, tell, whole } from './figures.mjs';
import { rssOf, startServer } from './processes.mjs';
import { createCollection, importRows, load, send, untilGreen } from './requests.mjs';
import { randomRow } from './vectors.mjs';

export async function memory({ minutes }) {
  const server = await startServer('memory');
  await createCollection(server.url, 'c');
  await importRows(server.url, 'c', 20_000);
  await untilGreen(server.url, 'c');
  const rss = [];
  const endAt = performance.now() + 60_000 * Number(minutes);
  const timer = setInterval(() => rss.push(rssOf(server.child.pid)), 1000);
  const mixed = () => {
    const dice = Math.random();
    const id = Math.floor(20_000 * Math.random());
    const vector = Array.from(randomRow(), (x) => Number(x.toPrecision(8)));
    if (dice < 0.6)
      return send(
        server.url,
        'POST',
        '/collections/c/points/query',
        JSON.stringify({ query: id, limit: 10 }),
        'application/json',
        16,
      );
    if (dice < 0.9)
      return send(
        server.url,
        'PUT',
        '/collections/c/points?wait=true',
        JSON.stringify({ points: [{ id, vector, payload: { id } }] }),
        'application/json',
        16,
      );
    return send(
      server.url,
      'POST',
      '/collections/c/points/scroll',
      JSON.stringify({ limit: 50, offset: id }),
      'application/json',
      16,
    );
  };
  await load(16, endAt - performance.now(), mixed);
  clearInterval(timer);
  const settled = rss.slice(60);
  const [quarter, last] = [rss.slice(rss.length >> 2, rss.length >> 1), rss.slice(-(rss.length >> 2))];
  tell(
    `memory over ${minutes} minutes of mixed load`,
    `${whole(median(last) / 1e6)} MB in the last quarter, ${whole(median(quarter) / 1e6)} MB in the second`,
    `${whole(Math.min(...settled) / 1e6)} to ${whole(Math.max(...settled) / 1e6)} MB after the first minute`,
    (median(last) / median(quarter)).toFixed(2),
    'steady',
  );
  await server.stop();
}
