/**
 * Lines of JSON with payloads: each is an array of numbers, or an object with a vector and, optionally, `id` and `payload`. Other keys are passed over,
 * and so are empty lines. A vector that is null, or has null in it, is a rejected row.
 */
import type { ClosableSource } from '../../formats/vector-file.js';
import type { VectorId } from '../../vectors/vector-id.js';
import { RequestError } from '../errors.js';
import { type JsonObject, NO_PAYLOAD, payloadToJson } from './payload.js';

const PIECE_BYTES = 2 ** 18;
const MOST_LINE_BYTES = 2 ** 25;
const LINE_FEED = 0x0a;

/** A row as its line gives it. */
export interface JsonRow {
  readonly vector: readonly number[];
  readonly id: VectorId | undefined;
  readonly payload: JsonObject;
  /** JSON of the payload; undefined where it is empty. */
  readonly json: string | undefined;
}

/**
 * Blocks of at most `most` rows.
 *
 * @param column the key of the vector
 */
export async function* readJsonLines(
  source: ClosableSource,
  most: number,
  column = 'vector',
): AsyncGenerator<readonly JsonRow[]> {
  let rows: JsonRow[] = [];
  let number = 0;
  try {
    for await (const text of linesOf(source)) {
      number++;
      if (text.trim() === '') continue;
      rows.push(parseLine(text, number, column));
      if (rows.length < most) continue;
      yield rows;
      rows = [];
    }
    if (rows.length > 0) yield rows;
  } finally {
    await source.close();
  }
}

function parseLine(text: string, number: number, column: string): JsonRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformedLine(number, 'JSON', { cause });
  }
  if (Array.isArray(value))
    return { vector: numbersOf(value, number), id: undefined, payload: NO_PAYLOAD, json: undefined };
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, column)) {
    throw malformedLine(number, `an array of numbers, or an object with the key ${JSON.stringify(column)}`);
  }
  const { [column]: vector, id, payload } = value as Readonly<Record<string, unknown>>;
  if (payload !== undefined && payload !== null && (typeof payload !== 'object' || Array.isArray(payload))) {
    throw malformedLine(number, 'an object as payload');
  }
  return {
    vector: vector === null ? [] : numbersOf(vector, number),
    id: (id ?? undefined) as VectorId | undefined,
    payload: (payload ?? NO_PAYLOAD) as JsonObject,
    json: payload ? payloadToJson(payload as JsonObject) : undefined,
  };
}

function numbersOf(vector: unknown, number: number): number[] {
  if (!Array.isArray(vector)) throw malformedLine(number, 'an array of numbers as vector');
  for (const [i, component] of vector.entries()) {
    if (component === null) vector[i] = Number.NaN;
    else if (typeof component !== 'number') throw malformedLine(number, 'numbers in the vector');
  }
  return vector as number[];
}

function malformedLine(number: number, expected: string, options?: ErrorOptions): RequestError {
  return new RequestError(400, `Wrong input: line ${number}: expected ${expected}`, options);
}

async function* linesOf(source: ClosableSource): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const piece = new Uint8Array(PIECE_BYTES);
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  let number = 0;
  const decode = (end: Uint8Array): string => {
    number++;
    const bytes = begun.length === 0 ? end : Buffer.concat([...begun, end]);
    begun = [];
    begunBytes = 0;
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw malformedLine(number, 'UTF-8', { cause });
    }
  };
  for (let at = 0; ; ) {
    const read = await source.readUpTo!(piece, at);
    at += read;
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end !== -1 && end < read; end = piece.indexOf(LINE_FEED, start)) {
      yield decode(piece.subarray(start, end));
      start = end + 1;
    }
    if (read > start) begun.push(piece.slice(start, read));
    begunBytes += read - start;
    if (begunBytes > MOST_LINE_BYTES) throw malformedLine(number + 1, `at most ${MOST_LINE_BYTES} bytes`);
    if (read < piece.length) break;
  }
  if (begunBytes > 0) yield decode(new Uint8Array());
}
