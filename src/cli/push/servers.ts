/**
 * The two kinds of servers that rows are pushed to: simdex, by its import route, and Qdrant, by upserts of JSON. Both accept
 * the same batch twice without harm.
 */
import { IndexingError } from '../../base/errors.js';
import type { VectorId } from '../../vectors/vector-id.js';
import type { Batch } from './batches.js';
import { type HttpClient, Refusal } from './http.js';

export type Distance = 'Cosine' | 'Dot' | 'Euclid';

interface Sent {
  readonly stored: number;
  readonly rejected: number;
}

export interface VectorServer {
  readonly name: 'simdex' | 'qdrant';
  /** Bytes of float32 or of lines that a request may hold, about. */
  readonly batchBytes: number;
  /** Rows without ids get `firstId` and the numbers after it. */
  send(batch: Batch, firstId: number): Promise<Sent>;
}

export interface PushOptions {
  readonly collection: string;
  /** Key of the vector in lines of JSON. */
  readonly column: string | undefined;
}

/** Asks the server what it is. */
export async function findServer(http: HttpClient, options: PushOptions): Promise<VectorServer> {
  const { title } = ((await http.call({ method: 'GET', path: '/' })) ?? {}) as { title?: unknown };
  if (title === 'simdex') return importingServer(http, options);
  if (typeof title === 'string' && /qdrant/i.test(title)) return upsertingServer(http, options);
  throw new Error('the server is neither simdex nor Qdrant: its / has neither name as title');
}

/** Points in the collection; undefined where there is no such collection. */
export async function countPoints(http: HttpClient, collection: string): Promise<number | undefined> {
  try {
    const path = `${pathOf(collection)}/points/count`;
    const answer = await http.call({ method: 'POST', path, type: JSON_TYPE, body: '{"exact":true}' });
    return (answer as { result: { count: number } }).result.count;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return undefined;
    throw error;
  }
}

export async function createCollection(
  http: HttpClient,
  collection: string,
  size: number,
  distance: Distance,
): Promise<void> {
  const body = JSON.stringify({ vectors: { size, distance } });
  await http.call({ method: 'PUT', path: pathOf(collection), type: JSON_TYPE, body });
}

/** Components of the first row of a batch. */
export function dimsOf({ first, rows }: Batch, column: string | undefined): number {
  return 'lines' in rows ? pointOf(rows.lines[0]!, first, column).vector.length : rows.dims;
}

const JSON_TYPE = 'application/json';

function pathOf(collection: string): string {
  return `/collections/${encodeURIComponent(collection)}`;
}

function importingServer(http: HttpClient, { collection, column }: PushOptions): VectorServer {
  return {
    name: 'simdex',
    batchBytes: 16 * 2 ** 20,
    async send({ first, rows }, firstId) {
      const format = 'lines' in rows || rows.ids ? 'jsonl' : 'fvecs';
      const query = new URLSearchParams({ format, first_id: String(firstId + first) });
      if (column !== undefined && 'lines' in rows) query.set('column', column);
      const path = `${pathOf(collection)}/points/import?${query}`;
      const answer = await http.call({ method: 'PUT', path, type: 'application/octet-stream', body: importBody(rows) });
      const { imported, rejected } = (answer as { result: { imported: number; rejected: number } }).result;
      return { stored: imported, rejected };
    },
  };
}

function importBody(rows: Batch['rows']): string | Uint8Array<ArrayBuffer> {
  if ('lines' in rows) return `${rows.lines.join('\n')}\n`;
  return rows.ids ? jsonLines(rows.data, rows.dims, rows.ids) : fvecs(rows.data, rows.dims);
}

function fvecs(data: Float32Array, dims: number): Uint8Array<ArrayBuffer> {
  const count = data.length / dims;
  const words = new Float32Array(count * (dims + 1));
  const lengths = new Int32Array(words.buffer);
  for (let row = 0; row < count; row++) {
    lengths[row * (dims + 1)] = dims;
    words.set(data.subarray(row * dims, (row + 1) * dims), row * (dims + 1) + 1);
  }
  return new Uint8Array(words.buffer);
}

function jsonLines(data: Float32Array, dims: number, ids: readonly VectorId[]): string {
  const lines = ids.map(
    (id, row) => `{"id":${JSON.stringify(id)},"vector":${vectorJson(data.subarray(row * dims, (row + 1) * dims))}}\n`,
  );
  return lines.join('');
}

function upsertingServer(http: HttpClient, { collection, column }: PushOptions): VectorServer {
  return {
    name: 'qdrant',
    batchBytes: 2 ** 20,
    async send(batch, firstId) {
      const points = pointsOf(batch, firstId, column);
      const kept = points.filter((point) => point !== undefined);
      if (kept.length > 0) {
        const path = `${pathOf(collection)}/points?wait=true`;
        await http.call({ method: 'PUT', path, type: JSON_TYPE, body: `{"points":[${kept.join(',')}]}` });
      }
      return { stored: kept.length, rejected: points.length - kept.length };
    },
  };
}

/** Each point as JSON; undefined for a row that is no vector. */
function pointsOf({ first, count, rows }: Batch, firstId: number, column: string | undefined): (string | undefined)[] {
  if ('lines' in rows) {
    return rows.lines.map((line, i) => {
      const { id = firstId + first + i, vector, payload } = pointOf(line, first + i, column);
      return isVector(vector) ? JSON.stringify({ id, vector, payload }) : undefined;
    });
  }
  const { data, dims, ids } = rows;
  return Array.from({ length: count }, (_, i) => {
    const vector = data.subarray(i * dims, (i + 1) * dims);
    const id = ids?.[i] ?? firstId + first + i;
    return isVector(vector) ? `{"id":${JSON.stringify(id)},"vector":${vectorJson(vector)}}` : undefined;
  });
}

interface Line {
  readonly id?: VectorId;
  readonly vector: readonly number[];
  readonly payload?: unknown;
}

function pointOf(line: string, row: number, column = 'vector'): Line {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new IndexingError(
      'MalformedFile',
      `row ${row}: expected a line of JSON, found ${JSON.stringify(line.slice(0, 40))}`,
    );
  }
  if (Array.isArray(value)) return { vector: value };
  const { id, payload, [column]: vector } = (value ?? {}) as Record<string, unknown>;
  // A row with an empty vector is rejected.
  const found = Array.isArray(vector) || vector === null ? { vector: (vector ?? []) as number[] } : undefined;
  if (!found)
    throw new IndexingError(
      'MalformedFile',
      `row ${row}: expected the key ${JSON.stringify(column)} with a list of numbers`,
    );
  return { ...found, ...(id !== undefined && { id: id as VectorId }), ...(payload !== undefined && { payload }) };
}

function isVector(vector: ArrayLike<number>): boolean {
  for (let i = 0; i < vector.length; i++) if (!Number.isFinite(vector[i])) return false;
  return vector.length > 0;
}

/** Nine digits are enough for every float32. */
function vectorJson(vector: Float32Array): string {
  const numbers = Array.from(vector, (value) =>
    Number.isFinite(value) ? String(Number(value.toPrecision(9))) : 'null',
  );
  return `[${numbers.join(',')}]`;
}
