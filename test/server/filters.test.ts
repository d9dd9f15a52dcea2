/**
 * Filters against an obvious model, over HTTP: without payload indexes and with them, by count, scroll and search.
 */
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runsOf } from '../seed.js';
import { type Serving, serve } from './serving.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Payload = { [key: string]: Json };

const COUNT = 400;
const uuidOf = (i: number) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
const idOf = (i: number) => (i % 4 === 3 ? uuidOf(i) : i);

// --- the model: written from Qdrant's documentation of filtering, with nothing of the server's own code -----------------------

/** Values at a key whose steps are names, or names with []. */
function at(value: Json, steps: readonly string[]): Json[] {
  if (steps.length === 0) return [value];
  const [step, ...rest] = steps;
  const name = step!.replace('[]', '');
  if (value === null || typeof value !== 'object' || Array.isArray(value) || !(name in value)) return [];
  const inner = value[name]!;
  if (!step!.endsWith('[]')) return at(inner, rest);
  return Array.isArray(inner) ? inner.flatMap((each) => at(each, rest)) : [];
}
const single = (values: Json[]) => values.flatMap((value) => (Array.isArray(value) ? value : [value]));

const DAY = 86_400_000;
const dateOf = (day: number) => new Date(Date.UTC(2020, 0, 1) + day * DAY).toISOString();
const words = (text: string) =>
  text
    .toLowerCase()
    .split(/[^a-zäöü0-9]+/)
    .filter((word) => word !== '');

interface Condition {
  key?: string;
  match?: { value?: Json; any?: Json[]; except?: Json[]; text?: string };
  range?: { gt?: number | string; gte?: number | string; lt?: number | string; lte?: number | string };
  is_empty?: { key: string };
  is_null?: { key: string };
  has_id?: (number | string)[];
  nested?: { key: string; filter: Filter };
  must?: Condition[];
  should?: Condition[];
  must_not?: Condition[];
  min_should?: { conditions: Condition[]; min_count: number };
}
type Filter = Pick<Condition, 'must' | 'should' | 'must_not' | 'min_should'>;

function holds(condition: Condition, id: number | string, payload: Payload): boolean {
  const { key, match, range } = condition;
  if (key !== undefined) {
    const values = single(at(payload, key.split('.')));
    if (match?.value !== undefined) return values.includes(match.value);
    if (match?.any) return values.some((value) => match.any!.includes(value));
    if (match?.except) return values.some((value) => value !== null && !match.except!.includes(value));
    if (match?.text !== undefined) {
      const wanted = words(match.text);
      return values.some(
        (value) =>
          typeof value === 'string' && wanted.length > 0 && wanted.every((word) => words(value).includes(word)),
      );
    }
    const number = (bound: number | string) => (typeof bound === 'string' ? Date.parse(bound) : bound);
    const isOfDates = Object.values(range!).some((bound) => typeof bound === 'string');
    return values.some((value) => {
      const found = isOfDates ? (typeof value === 'string' ? Date.parse(value) : Number.NaN) : value;
      if (typeof found !== 'number' || Number.isNaN(found)) return false;
      const { gt, gte, lt, lte } = range!;
      if (gt !== undefined && !(found > number(gt))) return false;
      if (gte !== undefined && !(found >= number(gte))) return false;
      if (lt !== undefined && !(found < number(lt))) return false;
      return lte === undefined || found <= number(lte);
    });
  }
  if (condition.is_empty) {
    return at(payload, condition.is_empty.key.split('.')).every(
      (value) => value === null || (Array.isArray(value) && value.length === 0),
    );
  }
  if (condition.is_null) return at(payload, condition.is_null.key.split('.')).some((value) => value === null);
  if (condition.has_id) return condition.has_id.includes(id);
  if (condition.nested) {
    const { key: inner, filter } = condition.nested;
    return single(at(payload, inner.split('.'))).some(
      (value) => value !== null && typeof value === 'object' && !Array.isArray(value) && passes(filter, id, value),
    );
  }
  return passes(condition, id, payload);
}

function passes(
  { must = [], should = [], must_not = [], min_should }: Filter,
  id: number | string,
  payload: Payload,
): boolean {
  if (must.some((each) => !holds(each, id, payload))) return false;
  if (must_not.some((each) => holds(each, id, payload))) return false;
  if (should.length > 0 && !should.some((each) => holds(each, id, payload))) return false;
  return !min_should || min_should.conditions.filter((each) => holds(each, id, payload)).length >= min_should.min_count;
}

// --- what is drawn ---------------------------------------------------------------------------------------------------------

const city = fc.constantFrom('Berlin', 'London', 'Oslo', 'München', '');
const number = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(0.5, -2.25, 1e9));
const date = fc.integer({ min: 0, max: 40 }).map(dateOf);
const text = fc
  .array(fc.constantFrom('red', 'Blue', 'green', 'Größe', '42'), { maxLength: 4 })
  .map((some) => some.join(', '));
const listOf = <T>(one: fc.Arbitrary<T>) => fc.oneof(one, fc.array(one, { maxLength: 3 }), fc.constant(null));
const item = fc.record({ price: number, tag: city, sizes: fc.array(number, { maxLength: 2 }) }, { requiredKeys: [] });
const payload = fc.record(
  {
    city: listOf(city),
    n: listOf(number),
    day: listOf(date),
    text: listOf(text),
    flag: listOf(fc.boolean()),
    mixed: fc.oneof(city, number, fc.boolean(), fc.constant(null)),
    a: fc.record({ b: listOf(number), c: city }, { requiredKeys: [] }),
    items: fc.array(item, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

const scalarKeys = fc.constantFrom(
  'city',
  'n',
  'flag',
  'mixed',
  'a.b',
  'a.c',
  'items[].tag',
  'items[].price',
  'items[].sizes',
  'none',
);
const scalar = fc.oneof(city, number, fc.boolean());
const bounds = <T extends string | number>(bound: fc.Arbitrary<T>) =>
  fc
    .record({ gt: bound, gte: bound, lt: bound, lte: bound }, { requiredKeys: [] })
    .filter((range) => Object.keys(range).length > 0);
const field: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ key: scalarKeys, match: fc.record({ value: scalar }) }),
  fc.record({ key: scalarKeys, match: fc.record({ any: fc.array(scalar, { maxLength: 3 }) }) }),
  fc.record({ key: scalarKeys, match: fc.record({ except: fc.array(scalar, { maxLength: 3 }) }) }),
  fc.record({ key: fc.constantFrom('text', 'city'), match: fc.record({ text }) }),
  fc.record({ key: fc.constantFrom('n', 'a.b', 'items[].price', 'mixed'), range: bounds(number) }),
  fc.record({ key: fc.constantFrom('day', 'city'), range: bounds(date) }),
  fc.record({ is_empty: fc.record({ key: scalarKeys }) }),
  fc.record({ is_null: fc.record({ key: scalarKeys }) }),
);
const inItem: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ key: fc.constantFrom('tag', 'price', 'sizes'), match: fc.record({ value: scalar }) }),
  fc.record({ key: fc.constantFrom('price', 'sizes'), range: bounds(number) }),
);
const clauses = (one: fc.Arbitrary<Condition>): fc.Arbitrary<Filter> => {
  const some = fc.array(one, { maxLength: 3 });
  const least = fc.record({ conditions: some, min_count: fc.integer({ min: 0, max: 3 }) });
  return fc.record({ must: some, should: some, must_not: some, min_should: least }, { requiredKeys: [] });
};
const condition: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 6, arbitrary: field },
  {
    weight: 1,
    arbitrary: fc.record({ has_id: fc.array(fc.integer({ min: 0, max: COUNT }).map(idOf), { maxLength: 20 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ nested: fc.record({ key: fc.constantFrom('items', 'a'), filter: clauses(inItem) }) }),
  },
  { weight: 1, arbitrary: clauses(field).filter((filter) => Object.keys(filter).length > 0) },
);
const filter = clauses(condition);

// --- the tests -------------------------------------------------------------------------------------------------------------

let serving: Serving;
let server: FastifyInstance;
let payloads: Payload[];

beforeAll(async () => {
  serving = await serve();
  server = serving.server;
  await server.inject({ method: 'PUT', url: '/collections/c', payload: { vectors: { size: 2, distance: 'Euclid' } } });
  payloads = fc.sample(payload, { numRuns: COUNT, seed: 1 }) as Payload[];
  const points = payloads.map((own, i) => ({ id: idOf(i), vector: [i, 0], payload: own }));
  const put = await server.inject({ method: 'PUT', url: '/collections/c/points?wait=true', payload: { points } });
  expect(put.statusCode).toBe(200);
}, 60_000);
afterAll(() => serving[Symbol.asyncDispose]());

async function ask(path: string, body: object, of = 'c') {
  const answer = await server.inject({ method: 'POST', url: `/collections/${of}/points/${path}`, payload: body });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
}

const inOrder = (a: number | string, b: number | string) =>
  typeof a === typeof b ? (a < b ? -1 : 1) : typeof a === 'number' ? -1 : 1;

async function check(given: Filter): Promise<void> {
  const expected = payloads.flatMap((own, i) => (passes(given, idOf(i), own) ? [idOf(i)] : []));
  expect((await ask('count', { filter: given })).result.count).toBe(expected.length);
  const { points } = (await ask('scroll', { filter: given, limit: COUNT })).result;
  expect(points.map(({ id }: { id: number | string }) => id)).toEqual(expected.toSorted(inOrder));
  // Row i is i away from the query.
  const found = await ask('search?debug=true', { vector: [0, 0], limit: COUNT, filter: given });
  expect(found.result.map(({ id }: { id: number | string }) => id)).toEqual(expected);
}

test('filters find what the model finds by looking at payloads', async () => {
  await fc.assert(fc.asyncProperty(filter, check), runsOf(1000));
}, 600_000);

test('filters find the same by payload indexes, also of points that came, changed and went', async () => {
  const indexes = {
    city: 'keyword',
    n: 'float',
    day: 'datetime',
    text: 'text',
    flag: 'bool',
    'a.b': 'integer',
    'items[].price': 'float',
    mixed: 'keyword',
  };
  for (const [field_name, field_schema] of Object.entries(indexes)) {
    const made = await server.inject({
      method: 'PUT',
      url: '/collections/c/index?wait=true',
      payload: { field_name, field_schema },
    });
    expect(made.statusCode, made.body).toBe(200);
  }
  const others = fc.sample(payload, { numRuns: COUNT, seed: 2 }) as Payload[];
  // Some get another payload, in the ways there are; some go away and come back.
  for (let i = 0; i < COUNT; i += 2) {
    payloads[i] = others[i]!;
    const body = { points: [idOf(i)], payload: others[i] };
    if (i % 6 === 0)
      await server.inject({ method: 'PUT', url: '/collections/c/points/payload?wait=true', payload: body });
    else {
      if (i % 6 === 2) await ask('delete', { points: [idOf(i)] });
      const points = [{ id: idOf(i), vector: [i, 0], payload: others[i] }];
      await server.inject({ method: 'PUT', url: '/collections/c/points?wait=true', payload: { points } });
    }
  }
  await fc.assert(fc.asyncProperty(filter, check), runsOf(1000));
}, 600_000);

test('the planner says which indexes it used', async () => {
  const explain = async (given: Filter) =>
    (await ask('search?debug=true', { vector: [0, 0], limit: 1, filter: given })).simdex.filter;
  const berlin = { key: 'city', match: { value: 'Berlin' } };
  const byIndex = await explain({ must: [berlin] });
  const count = payloads.filter((own, i) => passes({ must: [berlin] }, idOf(i), own)).length;
  expect(byIndex).toEqual({ by: 'index', indexes: ['city (keyword)'], candidates: count, points: COUNT });
  const checked = await explain({ must: [berlin], must_not: [{ key: 'n', range: { gt: 0 } }] });
  expect(checked).toMatchObject({ by: 'index, then payloads', indexes: ['city (keyword)'], candidates: count });
  expect(await explain({ must: [{ key: 'none', match: { value: 1 } }] })).toMatchObject({
    by: 'payloads',
    candidates: COUNT,
  });
  // Off by default.
  expect(await ask('search', { vector: [0, 0], limit: 1, filter: { must: [berlin] } })).not.toHaveProperty('simdex');
});

test('indexes are made again after a restart', async () => {
  serving = await serving.restart();
  server = serving.server;
  const berlin = { must: [{ key: 'city', match: { value: 'Berlin' } }] };
  const explain = async () =>
    (await ask('search?debug=true', { vector: [0, 0], limit: 1, filter: berlin })).simdex.filter.by;
  await expect.poll(explain).toBe('index');
  await check(berlin);
});

const deep = (depth: number): Filter => (depth === 0 ? {} : { must: [deep(depth - 1)] });

test.each([
  [
    { must: [{ key: 'a', match: { value: [1] } }] },
    'filter.must[0].match.value must be a text, a number, true or false, got an array',
  ],
  [
    { must: [{ key: 'a', match: { phrase: 'x' } }] },
    'filter.must[0].match.phrase is not served here: value, any, except and text are',
  ],
  [
    { must: [{ key: 'a[', match: { value: 1 } }] },
    'Expected a key of a payload, such as a, a.b, a[].b or "a.b", got "a["',
  ],
  [
    { must: [{ key: 'a', range: { gt: 1, lt: '2020-01-01' } }] },
    'filter.must[0].range must have numbers only or dates only',
  ],
  [
    { must: [{ key: 'a', range: { gt: 'yesterday' } }] },
    'filter.must[0].range.gt must be a number or a date of RFC 3339, got "yesterday"',
  ],
  [{ must: [{ key: 'a' }] }, 'filter.must[0] must have one of match, range, is_empty and is_null, got none'],
  [{ any: [] }, 'filter has "any", which is not served here: must, should, must_not, min_should are'],
  [{ must: [{ nested: { key: 'a', filter: { must: [{ has_id: [1] }] } } }] }, /has_id cannot be in a nested filter/],
  [deep(20), 'A filter may have filters in it 16 deep, and this one has more'],
  [{ should: Array.from({ length: 5000 }, () => ({ has_id: [1] })) }, 'A filter has at most 4096 conditions'],
])('%j is refused in words', async (given, sentence) => {
  const answer = await server.inject({
    method: 'POST',
    url: '/collections/c/points/count',
    payload: { filter: given },
  });
  expect(answer.statusCode).toBe(400);
  if (typeof sentence === 'string') expect(answer.json().status.error).toBe(sentence);
  else expect(answer.json().status.error).toMatch(sentence);
});
