/**
 * Payloads: JSON objects, kept as JSON.
 */
import { RequestError } from '../errors.js';
import { isObject, type Path } from '../filters/path.js';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export const NO_PAYLOAD: JsonObject = Object.freeze({});

/** The JSON that is stored; undefined for a payload that is empty. @throws {RequestError} 400 for one that is nested too deeply */
export function payloadToJson(payload: JsonObject): string | undefined {
  let json: string;
  try {
    json = JSON.stringify(payload);
  } catch (cause) {
    throw new RequestError(400, 'A payload has objects and arrays in it too deeply to be stored', { cause });
  }
  return json === '{}' ? undefined : json;
}

/** `payload` with the fields of `added`, those of its object at `path` where there is one. */
export function withFields(payload: JsonObject, added: JsonObject, path: Path | undefined): JsonObject {
  if (!path) return { ...payload, ...added };
  return changedAt(payload, path.steps, path.text, (at) => ({ ...(isObject(at) ? at : {}), ...added })) as JsonObject;
}

/** `payload` without the field at `path`; unchanged where there is no such field. */
export function withoutField(payload: JsonObject, { steps }: Path): JsonObject {
  return removedAt(payload, steps) as JsonObject;
}

type Steps = Path['steps'];

function changedAt(
  value: JsonValue | undefined,
  [step, ...others]: Steps,
  text: string,
  change: (value: JsonValue | undefined) => JsonValue,
): JsonValue {
  if (!step) return change(value);
  if (step.kind === 'field') {
    const before = isObject(value) ? value : {};
    const field = Object.hasOwn(before, step.at) ? before[step.at] : undefined;
    // A field that is called __proto__ is a field like any other this way.
    return { ...before, ...Object.fromEntries([[step.at, changedAt(field, others, text, change)]]) };
  }
  if (!Array.isArray(value)) return value ?? [];
  const isMeant = (i: number) => step.kind === 'elements' || step.at === i;
  return value.map((each: JsonValue, i) => (isMeant(i) ? changedAt(each, others, text, change) : each));
}

function removedAt(value: JsonValue, [step, ...others]: Steps): JsonValue {
  if (step?.kind === 'field') {
    if (!isObject(value) || !Object.hasOwn(value, step.at)) return value;
    if (others.length > 0) return { ...value, ...Object.fromEntries([[step.at, removedAt(value[step.at]!, others)]]) };
    return Object.fromEntries(Object.entries(value).filter(([name]) => name !== step.at));
  }
  if (!step || !Array.isArray(value)) return value;
  const isMeant = (i: number) => step.kind === 'elements' || step.at === i;
  if (others.length === 0) return value.filter((_, i) => !isMeant(i));
  return value.map((each: JsonValue, i) => (isMeant(i) ? removedAt(each, others) : each));
}
