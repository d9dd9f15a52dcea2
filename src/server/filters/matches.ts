/**
 * Whether a point is as a filter says, by its payload. A condition on a field with several values holds when it holds for one of them.
 */
import type { JsonObject, JsonValue } from '../collections/payload.js';
import type { PointId } from '../collections/point-id.js';
import type { Bounds, Condition, Filter } from './condition.js';
import { isObject, type Path, singleValuesAt, valuesAt } from './path.js';
import { dateOf, tokensOf } from './scalars.js';

export function matches(filter: Filter, id: PointId, payload: JsonObject): boolean {
  const holds = (condition: Condition) => conditionHolds(condition, id, payload);
  const { must, should, mustNot, minShould } = filter;
  if (!must.every(holds) || mustNot.some(holds)) return false;
  if (should.length > 0 && !should.some(holds)) return false;
  return minShould === undefined || minShould.conditions.filter(holds).length >= minShould.minCount;
}

function conditionHolds(condition: Condition, id: PointId, payload: JsonObject): boolean {
  switch (condition.kind) {
    case 'value':
      return someLeaf(payload, condition.path, (leaf) => leaf === condition.value);
    case 'any':
      return someLeaf(payload, condition.path, (leaf) => condition.values.has(leaf as string));
    case 'except':
      return someLeaf(payload, condition.path, (leaf) => leaf !== null && !condition.values.has(leaf as string));
    case 'text':
      return someLeaf(payload, condition.path, (leaf) => typeof leaf === 'string' && hasTokens(leaf, condition.tokens));
    case 'range':
      return someLeaf(payload, condition.path, (leaf) => isWithin(leaf, condition.bounds));
    case 'empty':
      return condition.is === valuesAt(payload, condition.path).every(isNothing);
    case 'null':
      return condition.is === valuesAt(payload, condition.path).includes(null);
    case 'ids':
      return condition.ids.has(id);
    case 'nested':
      return someLeaf(payload, condition.path, (leaf) => isObject(leaf) && matches(condition.filter, id, leaf));
    case 'filter':
      return matches(condition.filter, id, payload);
  }
}

function someLeaf(payload: JsonObject, path: Path, holds: (leaf: JsonValue) => boolean): boolean {
  for (const leaf of singleValuesAt(payload, path)) if (holds(leaf)) return true;
  return false;
}

function isNothing(value: JsonValue): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

function hasTokens(text: string, tokens: readonly string[]): boolean {
  if (tokens.length === 0) return false;
  const found = new Set(tokensOf(text));
  return tokens.every((token) => found.has(token));
}

function isWithin(leaf: JsonValue, { kind, above, from, below, to }: Bounds): boolean {
  const value = kind === 'numbers' ? leaf : typeof leaf === 'string' ? dateOf(leaf) : undefined;
  return typeof value === 'number' && value > above && value >= from && value < below && value <= to;
}
