// The server under load, from another process on the same machine, each figure beside what bounds it. Prints a Markdown table.
//
//   node bench/server.mjs [--rounds 5] [--only upsert,import,search,latency,restart,memory] [--rows 100000] [--restart-rows 1000000]
//                         [--minutes 10]
//
// Ratios come from alternating rounds: the median of the rounds' ratios, with the least and the greatest. The load is made by this process;
// the server, and what it is compared with, are processes of their own. `restart` and `memory` take long, and run only when named.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Engine, VectorIndex } from 'simdex';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'upsert,import,search,latency' },
    rows: { type: 'string', default: '100000' },
    'restart-rows': { type: 'string', default: '1000000' },
    minutes: { type: 'string', default: '10' },
  },
});
const rounds = Number(options.rounds);
const ROWS = Number(options.rows);
const DIMS = 384;
const ROUND_MS = 3000;
const GRAPH_ROWS = 30_000;
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const BARE = fileURLToPath(new URL('./server-bare.mjs', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'simdex-bench-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const percentile = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.floor(share * (numbers.length - 1))];
const spread = (numbers) =>
  `${median(numbers).toFixed(2)} (${Math.min(...numbers).toFixed(2)} to ${Math.max(...numbers).toFixed(2)})`;
const whole = (number) => Math.round(number).toLocaleString('en');
const agents = new Map();

/** Clusters, as embeddings have: a graph over noise would be no graph that anybody has. */
const centres = Float32Array.from({ length: 200 * DIMS }, () => Math.random() - 0.5);
function fillRow(data, at) {
  const centre = DIMS * Math.floor(200 * Math.random());
  for (let i = 0; i < DIMS; i++) data[at + i] = centres[centre + i] + 0.6 * (Math.random() - 0.5);
}
function randomRow() {
  const row = new Float32Array(DIMS);
  fillRow(row, 0);
  return row;
}

function npyHeader(rows) {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${DIMS}), }`;
  const header = Buffer.from(`\x93NUMPY\x01\x00vv${dict.padEnd(117)}\n`, 'latin1');
  header.writeUInt16LE(118, 8);
  return header;
}

/** The rows of a .npy file, piece by piece, so that a million need not be in memory. */
function* npyPieces(rows) {
  yield npyHeader(rows);
  const step = 4096;
  const data = new Float32Array(step * DIMS);
  for (let done = 0; done < rows; done += step) {
    const count = Math.min(step, rows - done);
    for (let row = 0; row < count; row++) fillRow(data, row * DIMS);
    yield Buffer.from(data.slice(0, count * DIMS).buffer);
  }
}

async function start(file, args, portOf) {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise((resolve, reject) => {
    child.once('exit', (status) => reject(new Error(`${file} ended with ${status} before it listened`)));
    lines.on('line', (line) => {
      const found = portOf(line);
      if (found) resolve(found);
    });
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [status] = await ended;
    if (status !== 0) throw new Error(`${file} ended with ${status}`);
  };
  return { url, child, stop };
}

const startServer = (name) =>
  start(CLI, ['serve', '--data', join(folder, name), '--port', '0'], (line) => /127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
const startBare = () => start(BARE, [], (line) => /^(\d+)$/.exec(line)?.[1]);

/** One request; its answer as JSON. */
function send(url, method, path, body, type = 'application/json', connections = 64) {
  let agent = agents.get(connections);
  if (!agent) {
    agent = new Agent({ keepAlive: true, maxSockets: connections });
    agents.set(connections, agent);
  }
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': type };
    if (typeof body === 'string' || Buffer.isBuffer(body)) headers['content-length'] = Buffer.byteLength(body);
    const sent = request(url + path, { method, agent, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode >= 400) {
          const error = new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 300)}`);
          error.status = response.statusCode;
          error.retryAfter = Number(response.headers['retry-after'] ?? 1);
          reject(error);
        } else resolve(JSON.parse(text));
      });
    });
    sent.on('error', reject);
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) sent.end(body);
    else pump(body, sent).catch(reject);
  });
}

async function pump(pieces, sent) {
  for (const piece of pieces) if (!sent.write(piece)) await once(sent, 'drain');
  sent.end();
}

/** `connections` loops of `call` for `ms`: calls a second, and all times in milliseconds. A 429 is waited for, and counted apart. */
async function load(connections, ms, call) {
  const times = [];
  let refused = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() - began < ms) {
        const before = performance.now();
        try {
          await call();
          times.push(performance.now() - before);
        } catch (error) {
          if (error.status !== 429) throw error;
          refused++;
          await new Promise((resolve) => setTimeout(resolve, 1000 * error.retryAfter));
        }
      }
    }),
  );
  return { perSecond: (1000 * times.length) / (performance.now() - began), times, refused };
}

const createCollection = (url, name) =>
  send(url, 'PUT', `/collections/${name}`, JSON.stringify({ vectors: { size: DIMS, distance: 'Cosine' } }));
const importRows = (url, name, rows) =>
  send(
    url,
    'PUT',
    `/collections/${name}/points/import?format=npy&first_id=0`,
    npyPieces(rows),
    'application/octet-stream',
    4,
  );

/** Vectors that are not in the graph yet. */
async function waitingFor(url, name) {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(
    new RegExp(`^simdex_collection_waiting_vectors\\{collection="${name}"\\} (\\d+)$`, 'm').exec(metrics)[1],
  );
}

async function untilGreen(url, name) {
  for (;;) {
    const { result } = await send(url, 'GET', `/collections/${name}`);
    if (result.status === 'green') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const rowsOfTable = [];
function tell(what, figure, beside, ratio, wanted) {
  rowsOfTable.push(`| ${what} | ${figure} | ${beside} | ${ratio} | ${wanted} |`);
  console.error(`${what}: ${figure}; ${beside}; ${ratio} (${wanted})`);
}

const benches = {
  async upsert() {
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
      const ours = await load(8, ROUND_MS, upsert(server.url));
      const theirs = await load(8, ROUND_MS, upsert(bare.url));
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
  },

  async import() {
    const server = await startServer('import');
    const pieces = [...npyPieces(ROWS)];
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const ratios = [];
    const rates = [];
    for (let round = 0; round < rounds; round++) {
      const name = `c${round}`;
      await createCollection(server.url, name);
      const beganAt = performance.now();
      const { result } = await send(
        server.url,
        'PUT',
        `/collections/${name}/points/import?format=npy`,
        pieces,
        'application/octet-stream',
        4,
      );
      const ours = performance.now() - beganAt;
      if (result.imported !== ROWS) throw new Error(`imported ${result.imported} of ${ROWS}`);
      await send(server.url, 'DELETE', `/collections/${name}`);
      const theirs = plainWrite(join(folder, 'plain'), pieces);
      ratios.push(theirs / ours);
      rates.push([bytes / ours / 1000, bytes / theirs / 1000]);
    }
    tell(
      `import of ${whole(ROWS)} × 384 .npy`,
      `${whole(median(rates.map(([ours]) => ours)))} MB/s`,
      `write with fsync ${whole(median(rates.map(([, theirs]) => theirs)))} MB/s`,
      spread(ratios),
      '0.4',
    );
    await server.stop();
  },

  async search() {
    const server = await startServer('search');
    await createCollection(server.url, 'c');
    await importRows(server.url, 'c', ROWS);
    await untilGreen(server.url, 'c');
    const engine = new Engine();
    const chunks = (function* () {
      for (const piece of npyPieces(ROWS))
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
      const a = await load(64, ROUND_MS, ours);
      const b = await load(64, ROUND_MS, theirs);
      ratios.push(a.perSecond / b.perSecond);
      rates.push([a.perSecond, b.perSecond]);
    }
    tell(
      `search of ${whole(ROWS)} × 384, graph, 64 connections`,
      `${whole(median(rates.map(([a]) => a)))} queries/s`,
      `in-process ${whole(median(rates.map(([, b]) => b)))}`,
      spread(ratios),
      '0.5',
    );
    await index.dispose();
    await engine.dispose();
    await server.stop();
  },

  async latency() {
    const server = await startServer('latency');
    await createCollection(server.url, 'c');
    await createCollection(server.url, 'd');
    await importRows(server.url, 'c', ROWS);
    await untilGreen(server.url, 'c');
    const body = JSON.stringify({ query: Array.from(randomRow()), limit: 10 });
    const search = () => send(server.url, 'POST', '/collections/c/points/query', body, 'application/json', 4);
    await load(4, 1000, search);
    const ratios = [];
    const figures = [];
    for (let round = 0; round < rounds; round++) {
      const idle = percentile((await load(4, ROUND_MS, search)).times, 0.99);
      const importing = importRows(server.url, 'd', ROWS);
      const busy = percentile((await load(4, ROUND_MS, search)).times, 0.99);
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
  },

  async restart() {
    const rows = Number(options['restart-rows']);
    const first = await startServer('restart');
    await createCollection(first.url, 'c');
    await importRows(first.url, 'c', rows);
    await untilGreen(first.url, 'c');
    await first.stop();
    const ratios = [];
    const figures = [];
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      const beganAt = performance.now();
      const server = await startServer('restart');
      while (!(await isReady(server.url))) await new Promise((resolve) => setTimeout(resolve, 10));
      const ours = performance.now() - beganAt;
      await server.stop();
      const { ms, bytes } = plainRead(join(folder, 'restart'));
      ratios.push(ours / ms);
      figures.push([ours, ms, bytes]);
    }
    tell(
      `ready with ${whole(rows)} × 384`,
      `${(median(figures.map(([ours]) => ours)) / 1000).toFixed(1)} s`,
      `reading ${whole(figures[0][2] / 1e6)} MB ${(median(figures.map(([, ms]) => ms)) / 1000).toFixed(1)} s`,
      spread(ratios),
      'at most 3',
    );
  },

  async memory() {
    const server = await startServer('memory');
    await createCollection(server.url, 'c');
    await importRows(server.url, 'c', 20_000);
    await untilGreen(server.url, 'c');
    const rss = [];
    const endAt = performance.now() + 60_000 * Number(options.minutes);
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
      `memory over ${options.minutes} minutes of mixed load`,
      `${whole(median(last) / 1e6)} MB in the last quarter, ${whole(median(quarter) / 1e6)} MB in the second`,
      `${whole(Math.min(...settled) / 1e6)} to ${whole(Math.max(...settled) / 1e6)} MB after the first minute`,
      (median(last) / median(quarter)).toFixed(2),
      'steady',
    );
    await server.stop();
  },
};

const isReady = (url) =>
  new Promise((resolve) => {
    request(`${url}/readyz`, (response) => resolve(response.resume().statusCode === 200))
      .on('error', () => resolve(false))
      .end();
  });

/** Milliseconds. */
function plainWrite(file, pieces) {
  const beganAt = performance.now();
  const descriptor = openSync(file, 'w');
  for (const piece of pieces) writeSync(descriptor, piece);
  fsyncSync(descriptor);
  closeSync(descriptor);
  const elapsedMs = performance.now() - beganAt;
  rmSync(file);
  return elapsedMs;
}

function plainRead(directory) {
  const files = readdirSync(directory, { recursive: true })
    .map((name) => join(directory, name))
    .filter((file) => statSync(file).isFile());
  const beganAt = performance.now();
  let bytes = 0;
  for (const file of files) bytes += readFileSync(file).length;
  return { ms: performance.now() - beganAt, bytes };
}

/** Bytes. */
function rssOf(pid) {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return 1024 * Number(kilobytes);
}

for (const name of options.only.split(',')) {
  if (!Object.hasOwn(benches, name)) throw new Error(`--only: there are ${Object.keys(benches).join(', ')}`);
  await benches[name]();
}
console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.version}, ${rounds} rounds\n`);
console.log(`| what | server | beside | ratio | wanted |\n| --- | --- | --- | --- | --- |\n${rowsOfTable.join('\n')}`);
process.exit();
