// Requests to a server, and many of them at a time.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { DIMS, npyPieces } from './vectors.mjs';

const agents = new Map();

/** One request; its answer as JSON. */
export function send(url, method, path, body, type = 'application/json', connections = 64) {
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

/** `connections` loops of `call`, which is told the number of its loop, for `ms`: calls a second, and all times in milliseconds. A 429 is waited for, and counted apart. */
export async function load(connections, ms, call) {
  const times = [];
  let refused = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async (_, loop) => {
      while (performance.now() - began < ms) {
        const before = performance.now();
        try {
          await call(loop);
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

export const createCollection = (url, name, settings = {}) =>
  send(
    url,
    'PUT',
    `/collections/${name}`,
    JSON.stringify({ vectors: { size: DIMS, distance: 'Cosine' }, ...settings }),
  );
export const importRows = (url, name, rows) =>
  send(
    url,
    'PUT',
    `/collections/${name}/points/import?format=npy&first_id=0`,
    npyPieces(rows),
    'application/octet-stream',
    4,
  );

/** Vectors that are not in the graph yet. */
export async function waitingFor(url, name) {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(
    new RegExp(`^simdex_collection_waiting_vectors\\{collection="${name}"\\} (\\d+)$`, 'm').exec(metrics)[1],
  );
}

export async function untilGreen(url, name) {
  for (;;) {
    const { result } = await send(url, 'GET', `/collections/${name}`);
    if (result.status === 'green') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const isReady = (url) =>
  new Promise((resolve) => {
    request(`${url}/readyz`, (response) => resolve(response.resume().statusCode === 200))
      .on('error', () => resolve(false))
      .end();
  });
