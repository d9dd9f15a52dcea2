/**
 * Keys of payloads as filters name them: `a.b` is the field b of the object a, `a[].b` the field b of every element of the array a, `a[0]` one
 * element, `"a.b"` a field whose name has a dot.
 */
import type { JsonObject, JsonValue } from '../collections/payload.js';
import { RequestError } from '../errors.js';

/** A step of a path: a field's name, an element's number, or nothing for every element. */
type Step = string | number;
export interface Path {
  readonly text: string;
  readonly steps: readonly { readonly kind: 'field' | 'element' | 'elements'; readonly at: Step }[];
}

const MAX_STEPS = 32;
const FIELD = /^(?:"([^"]+)"|([^".[\]]+))/;
const ELEMENT = /^\[(\d*)\]/;

/** @throws {RequestError} 400 for what is no key */
export function parsePath(text: unknown): Path {
  if (typeof text !== 'string' || text === '') throw badKey(text);
  const steps: Path['steps'][number][] = [];
  let rest = text;
  for (;;) {
    const field = FIELD.exec(rest);
    if (!field) throw badKey(text);
    steps.push({ kind: 'field', at: field[1] ?? field[2]! });
    rest = rest.slice(field[0].length);
    for (let element = ELEMENT.exec(rest); element; element = ELEMENT.exec(rest)) {
      const number = element[1]!;
      steps.push(number === '' ? { kind: 'elements', at: '' } : { kind: 'element', at: Number(number) });
      rest = rest.slice(element[0].length);
    }
    if (steps.length > MAX_STEPS) throw new RequestError(400, `A key of a payload has at most ${MAX_STEPS} steps`);
    if (rest === '') return { text, steps };
    if (!rest.startsWith('.')) throw badKey(text);
    rest = rest.slice(1);
  }
}

/** The values at `path`: several where it goes through arrays, none where a field is missing. */
export function valuesAt(payload: JsonObject, { steps }: Path): JsonValue[] {
  let values: JsonValue[] = [payload];
  for (const { kind, at } of steps) {
    const next: JsonValue[] = [];
    for (const value of values) {
      if (kind === 'field') {
        if (isObject(value) && Object.hasOwn(value, at)) next.push(value[at as string]!);
      } else if (Array.isArray(value)) {
        if (kind === 'elements') for (const element of value) next.push(element);
        else if ((at as number) < value.length) next.push(value[at as number]);
      }
    }
    values = next;
    if (values.length === 0) break;
  }
  return values;
}

/** Single values at `path`: those of an array stand for themselves. */
export function* singleValuesAt(payload: JsonObject, path: Path): Generator<JsonValue> {
  for (const value of valuesAt(payload, path)) {
    if (Array.isArray(value)) yield* value;
    else yield value;
  }
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function badKey(text: unknown): RequestError {
  const found = JSON.stringify(text)?.slice(0, 80) ?? 'nothing';
  return new RequestError(400, `Expected a key of a payload, such as a, a.b, a[].b or "a.b", got ${found}`);
}
