/**
 * Filters as clients send them, checked: what is no filter, or not served, is refused in words that name it.
 */
import { toPointId } from '../collections/point-id.js';
import { RequestError } from '../errors.js';
import type { Bounds, Condition, Filter, Scalar } from './condition.js';
import { type Path, parsePath } from './path.js';
import { dateOf, tokensOf } from './scalars.js';

/** Most levels of filters within filters. */
const MAX_DEPTH = 16;
const MAX_CONDITIONS = 4096;

type Json = Readonly<Record<string, unknown>>;

const CLAUSES = ['must', 'should', 'must_not', 'min_should'];

/** Reads a filter; undefined where there is none. @throws {RequestError} 400 */
export function parseFilter(filter: unknown): Filter | undefined {
  if (filter === undefined || filter === null) return undefined;
  return new Parser().filter(filter, 'filter', 1);
}

class Parser {
  #conditions = 0;

  filter(given: unknown, where: string, depth: number, inNested = false): Filter {
    if (depth > MAX_DEPTH)
      throw new RequestError(400, `A filter may have filters in it ${MAX_DEPTH} deep, and this one has more`);
    const filter = requireObject(given, where);
    refuseOthers(filter, CLAUSES, where);
    const list = (name: string) => this.#list(filter[name], `${where}.${name}`, depth, inNested);
    return {
      must: list('must'),
      should: list('should'),
      mustNot: list('must_not'),
      minShould: this.#minShould(filter['min_should'], `${where}.min_should`, depth, inNested),
    };
  }

  #minShould(given: unknown, where: string, depth: number, inNested: boolean): Filter['minShould'] {
    if (given === undefined || given === null) return undefined;
    const { conditions, min_count: minCount, ...others } = requireObject(given, where);
    refuseOthers(others, [], where);
    if (!Number.isSafeInteger(minCount) || (minCount as number) < 0)
      throw new RequestError(400, `${where}.min_count must be an integer from 0 on, got ${text(minCount)}`);
    return {
      conditions: this.#list(conditions ?? [], `${where}.conditions`, depth, inNested),
      minCount: minCount as number,
    };
  }

  #list(given: unknown, where: string, depth: number, inNested: boolean): Condition[] {
    if (given === undefined || given === null) return [];
    const conditions = Array.isArray(given) ? given : [given];
    this.#conditions += conditions.length;
    if (this.#conditions > MAX_CONDITIONS)
      throw new RequestError(400, `A filter has at most ${MAX_CONDITIONS} conditions`);
    return conditions.map((one, i) =>
      this.#condition(one, Array.isArray(given) ? `${where}[${i}]` : where, depth, inNested),
    );
  }

  #condition(given: unknown, where: string, depth: number, inNested: boolean): Condition {
    const condition = requireObject(given, where);
    if ('key' in condition) return fieldCondition(condition, where);
    if (CLAUSES.some((clause) => clause in condition)) {
      return { kind: 'filter', filter: this.filter(condition, where, depth + 1, inNested) };
    }
    const [name, ...others] = Object.keys(condition);
    if (others.length === 0 && (name === 'is_empty' || name === 'is_null')) {
      const { key, ...more } = requireObject(condition[name], `${where}.${name}`);
      refuseOthers(more, [], `${where}.${name}`);
      return { kind: name === 'is_empty' ? 'empty' : 'null', path: parsePath(key), is: true };
    }
    if (others.length === 0 && name === 'has_id') {
      if (inNested) throw new RequestError(400, `${where}.has_id cannot be in a nested filter: elements have no id`);
      const ids = condition['has_id'];
      if (!Array.isArray(ids)) throw new RequestError(400, `${where}.has_id must be an array of ids, got ${text(ids)}`);
      return { kind: 'ids', ids: new Set(ids.map(toPointId)) };
    }
    if (others.length === 0 && name === 'nested') {
      const { key, filter, ...more } = requireObject(condition['nested'], `${where}.nested`);
      refuseOthers(more, [], `${where}.nested`);
      return {
        kind: 'nested',
        path: parsePath(key),
        filter: this.filter(filter, `${where}.nested.filter`, depth + 1, true),
      };
    }
    if (name === undefined)
      return { kind: 'filter', filter: { must: [], should: [], mustNot: [], minShould: undefined } };
    const served =
      'key with match, range, is_empty or is_null; is_empty, is_null, has_id, nested, or must, should, must_not and min_should';
    throw new RequestError(
      400,
      `${where} is a condition with ${text(name)}, which is not served here: expected ${served}`,
    );
  }
}

function fieldCondition({ key, ...tests }: Json, where: string): Condition {
  const path = parsePath(key);
  const given = Object.entries(tests).filter(([, value]) => value !== undefined && value !== null);
  const [name, value] = given[0] ?? [];
  if (given.length !== 1 || name === undefined) {
    const found = given.length === 0 ? 'none' : given.map(([each]) => each).join(' and ');
    throw new RequestError(400, `${where} must have one of match, range, is_empty and is_null, got ${found}`);
  }
  switch (name) {
    case 'match':
      return matchCondition(path, requireObject(value, `${where}.match`), `${where}.match`);
    case 'range':
      return { kind: 'range', path, bounds: boundsOf(requireObject(value, `${where}.range`), `${where}.range`) };
    case 'is_empty':
    case 'is_null':
      if (typeof value !== 'boolean')
        throw new RequestError(400, `${where}.${name} must be true or false, got ${text(value)}`);
      return { kind: name === 'is_empty' ? 'empty' : 'null', path, is: value };
    default:
      throw new RequestError(
        400,
        `${where}.${name.slice(0, 40)} is not served here: match, range, is_empty and is_null are`,
      );
  }
}

function matchCondition(path: Path, match: Json, where: string): Condition {
  const [[name, value] = [], ...others] = Object.entries(match);
  if (others.length > 0 || name === undefined) {
    throw new RequestError(400, `${where} must have one of value, any, except and text`);
  }
  switch (name) {
    case 'value':
      return { kind: 'value', path, value: requireScalar(value, `${where}.value`) };
    case 'any':
    case 'except': {
      if (!Array.isArray(value)) throw new RequestError(400, `${where}.${name} must be an array, got ${text(value)}`);
      const values = new Set(value.map((each, i) => requireScalar(each, `${where}.${name}[${i}]`)));
      return { kind: name, path, values };
    }
    case 'text':
      if (typeof value !== 'string') throw new RequestError(400, `${where}.text must be a text, got ${text(value)}`);
      return { kind: 'text', path, tokens: [...new Set(tokensOf(value))] };
    default:
      throw new RequestError(400, `${where}.${name.slice(0, 40)} is not served here: value, any, except and text are`);
  }
}

function boundsOf(range: Json, where: string): Bounds {
  refuseOthers(range, ['gt', 'gte', 'lt', 'lte'], where);
  let kind: Bounds['kind'] | undefined;
  const bound = (name: string, otherwise: number) => {
    const value = range[name] ?? undefined;
    if (value === undefined) return otherwise;
    const found = typeof value === 'number' ? 'numbers' : 'dates';
    kind ??= found;
    if (kind !== found) throw new RequestError(400, `${where} must have numbers only or dates only`);
    const number = typeof value === 'string' ? dateOf(value) : value;
    if (typeof number !== 'number' || Number.isNaN(number))
      throw new RequestError(400, `${where}.${name} must be a number or a date of RFC 3339, got ${text(value)}`);
    return number;
  };
  const bounds = {
    above: bound('gt', Number.NEGATIVE_INFINITY),
    from: bound('gte', Number.NEGATIVE_INFINITY),
    below: bound('lt', Number.POSITIVE_INFINITY),
    to: bound('lte', Number.POSITIVE_INFINITY),
  };
  return { kind: kind ?? 'numbers', ...bounds };
}

function requireScalar(value: unknown, where: string): Scalar {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  throw new RequestError(400, `${where} must be a text, a number, true or false, got ${text(value)}`);
}

function requireObject(value: unknown, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new RequestError(400, `${where} must be an object, got ${text(value)}`);
}

function refuseOthers(given: object, known: readonly string[], where: string): void {
  const other = Object.keys(given).find((name) => !known.includes(name));
  if (other === undefined) return;
  const served = known.length > 0 ? `: ${known.join(', ')} are` : '';
  throw new RequestError(400, `${where} has ${text(other)}, which is not served here${served}`);
}

function text(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing';
}
