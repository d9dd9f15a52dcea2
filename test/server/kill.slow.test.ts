/**
 * A server that is killed at random moments under load: what was answered is there after the restart, no request is there half, searches are right.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { casesOf, seedOfTheDay } from '../seed.js';
import { type ServerProcess, startServer } from './server-process.js';

const DIMS = 16;
const WRITERS = 4;
/** Ids of a writer: [writer × ROOM, (writer + 1) × ROOM). */
const ROOM = 500;

/** What a point is to be: its vector and payload come from these. undefined: not there. */
interface State {
  readonly vector: number;
  readonly payload: number;
}
type Model = Map<number, State>;

function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const vectorOf = (version: number) =>
  Array.from({ length: DIMS }, (_, i) => Math.fround(Math.sin(version * 7.1 + i * 1.3) * 100));

async function ask(url: string, method: string, path: string, body?: object) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, { method, ...(body && { headers, body: JSON.stringify(body) }) });
  const json = (await answer.json()) as { result: unknown };
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(json)}`);
  return json.result;
}

/** Writes one request after the other until the server is gone. */
class Writer {
  /** What was answered. */
  answered: Model = new Map();
  /** The same and what the request under way does; undefined where none is. */
  underWay: Model | undefined;
  readonly #first: number;
  readonly #random: () => number;
  #version: number;

  constructor(number: number, random: () => number) {
    this.#first = number * ROOM;
    this.#random = random;
    this.#version = number * 1e6;
  }

  async run(url: string): Promise<number> {
    for (let requests = 0; ; requests++) {
      const [method, path, body, next] = this.#draw();
      this.underWay = next;
      try {
        await ask(url, method, `/collections/c/points${path}?wait=true`, body);
      } catch (error) {
        // Gone, and not refused.
        expect(String(error)).toMatch(/fetch failed|terminated/);
        return requests;
      }
      this.answered = next;
      this.underWay = undefined;
    }
  }

  /** Takes over what is there after a restart: one of the two that may be. */
  settle(found: Model): void {
    const text = (model: Model) => JSON.stringify([...model].sort(([a], [b]) => a - b));
    const may = [this.answered, ...(this.underWay ? [this.underWay] : [])].map(text);
    expect(may).toContain(text(found));
    this.answered = found;
    this.underWay = undefined;
  }

  #draw(): [string, string, object, Model] {
    const next = new Map(this.answered);
    const some = (count: number) => [
      ...new Set(Array.from({ length: count }, () => this.#first + Math.floor(this.#random() * ROOM))),
    ];
    const kind = this.#random();
    const payload = ++this.#version;
    if (kind < 0.5 || next.size < 20) {
      const ids = some(1 + Math.floor(this.#random() * 60));
      const points = ids.map((id) => {
        const vector = ++this.#version;
        next.set(id, { vector, payload });
        return { id, vector: vectorOf(vector), payload: { v: vector, p: payload } };
      });
      return ['PUT', '', { points }, next];
    }
    if (kind < 0.75) {
      const ids = some(30);
      for (const id of ids) next.delete(id);
      return ['POST', '/delete', { points: ids }, next];
    }
    const ids = some(30).filter((id) => next.has(id));
    for (const id of ids) next.set(id, { vector: next.get(id)!.vector, payload });
    return ['POST', '/payload', { payload: { p: payload }, points: ids }, next];
  }
}

async function readAll(url: string): Promise<Model> {
  const model: Model = new Map();
  const page = (await ask(url, 'POST', '/collections/c/points/scroll', { limit: 100_000, with_vector: true })) as {
    points: { id: number; vector: number[]; payload: { v: number; p: number } }[];
  };
  for (const { id, vector, payload } of page.points) {
    // The vector and the payload are of one write.
    expect(vector).toEqual(vectorOf(payload.v));
    model.set(id, { vector: payload.v, payload: payload.p });
  }
  return model;
}

test('every answered write is there after a kill, and none is there half', async () => {
  const kills = casesOf('kills of a server', 200);
  const random = createRandom(seedOfTheDay);
  const folder = mkdtempSync(join(tmpdir(), 'simdex-kill-'));
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(i, createRandom(seedOfTheDay + i)));
  let server: ServerProcess | undefined;
  let requests = 0;
  try {
    server = await startServer(folder);
    await ask(server.url, 'PUT', '/collections/c', { vectors: { size: DIMS, distance: 'Euclid' } });
    for (let kill = 0; kill < kills; kill++) {
      const { url } = server;
      const writing = writers.map((writer) => writer.run(url));
      await pause(random() * 300);
      await server.end('SIGKILL');
      for (const count of await Promise.all(writing)) requests += count;
      server = await startServer(folder);
      const found = await readAll(server.url);
      for (const [i, writer] of writers.entries()) {
        writer.settle(new Map([...found].filter(([id]) => Math.floor(id / ROOM) === i)));
      }
      for (const [id, { vector }] of [...found].slice(0, 5)) {
        const body = { vector: vectorOf(vector), limit: 1 };
        const [hit] = (await ask(server.url, 'POST', '/collections/c/points/search', body)) as {
          id: number;
          score: number;
        }[];
        expect(hit).toMatchObject({ id, score: 0 });
      }
      const { count } = (await ask(server.url, 'POST', '/collections/c/points/count', {})) as { count: number };
      expect(count).toBe(found.size);
    }
    expect(requests).toBeGreaterThan(kills);
  } finally {
    await server?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}, 3_600_000);
