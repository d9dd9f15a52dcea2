/**
 * Bodies of JSON, parsed after a look at how deeply they nest: each level costs memory before anybody has seen the value, and what
 * walks the value afterwards may call itself for each level.
 */
import type { FastifyInstance } from 'fastify';
import { RequestError } from '../errors.js';

/** Nesting of lists of vectors in batches of queries with nested filters is far below this. */
export const MOST_LEVELS = 64;
/** Objects and lists: each takes some 60 bytes of memory, and may take 2 in the body. */
const MOST_VALUES_PER_BYTE = 1 / 8;
/** Bodies up to this size may have any number of values. */
const SMALL_BODY = 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];
const MARKS = [...OPENING, ...CLOSING, QUOTE];
/** After this many bytes without a mark, a search for the next mark costs less than a look at each byte. */
const LOOKED_AT = 32;

/** What a byte means for the depth: 1 in, 2 out, 3 begins a text. */
const MEANING = new Uint8Array(256);
for (const code of OPENING) MEANING[code] = 1;
for (const code of CLOSING) MEANING[code] = 2;
MEANING[QUOTE] = 3;

/** Without one of these a body has no key that reaches a prototype, and nothing more is to be looked for in what was parsed. */
const SUSPECT = ['__proto__', 'constructor', '\\u'];

/** The only bodies that are read are JSON; routes that stream have parsers of their own. */
export function addJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    // Clients name JSON as the type of requests without a body, too.
    if (bytes.length === 0) return done(null, undefined);
    try {
      checkNesting(bytes);
    } catch (error) {
      return done(error as Error);
    }
    const text = bytes.toString('utf8');
    const value = SUSPECT.some((part) => bytes.includes(part)) ? undefined : parsed(text);
    if (value !== undefined) return done(null, value);
    return parse(request, text, done);
  });
}

/** Undefined where the text is not JSON: Fastify's parser says that in its own words. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws {RequestError} 400 where the JSON nests too deeply, or has too many objects and lists for its size */
export function checkNesting(json: Uint8Array): void {
  const marks = new MarkFinder(json);
  let depth = 0;
  let values = 0;
  for (let at = marks.next(0); at < json.length; at = marks.next(at + 1)) {
    const meaning = MEANING[json[at]!]!;
    if (meaning === 3) at = endOfText(json, at + 1);
    else if (meaning === 2) depth--;
    else {
      values++;
      if (++depth > MOST_LEVELS) throw new RequestError(400, `the JSON nests deeper than ${MOST_LEVELS} levels`);
    }
  }
  if (values <= Math.max(SMALL_BODY, json.length) * MOST_VALUES_PER_BYTE) return;
  const detail = `the JSON has ${values} objects and lists, too many for a body of ${json.length} bytes`;
  throw new RequestError(400, `${detail}; send it in parts`);
}

/** Finds the marks one after another: byte by byte where they are dense, by searches where they are rare. */
class MarkFinder {
  readonly #json: Uint8Array;
  /** For each mark, its first known place that has not been passed yet. */
  readonly #places = MARKS.map(() => -1);

  constructor(json: Uint8Array) {
    this.#json = json;
  }

  /** The first mark at `from` or later; the length of the JSON where there is none. */
  next(from: number): number {
    const json = this.#json;
    const end = Math.min(from + LOOKED_AT, json.length);
    for (let at = from; at < end; at++) if (MEANING[json[at]!] !== 0) return at;
    let first = json.length;
    for (let mark = 0; mark < MARKS.length; mark++) {
      if (this.#places[mark]! < end) {
        const place = json.indexOf(MARKS[mark]!, end);
        this.#places[mark] = place === -1 ? json.length : place;
      }
      first = Math.min(first, this.#places[mark]!);
    }
    return first;
  }
}

/** Where the quote is that ends the text; the end of the JSON where there is none. */
function endOfText(json: Uint8Array, from: number): number {
  let at = from;
  for (let end = from + LOOKED_AT; at < json.length; end = at + LOOKED_AT) {
    while (at < end && at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
    if (at < end) return Math.min(at, json.length);
    // All before `at` is whole characters, so backslashes are counted from there.
    const quote = json.indexOf(QUOTE, at);
    if (quote === -1) return json.length;
    let backslashes = 0;
    while (quote - backslashes > at && json[quote - backslashes - 1] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote;
    at = quote + 1;
  }
  return json.length;
}
