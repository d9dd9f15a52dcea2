/**
 * The part of a payload that a request asks for.
 */
import type { JsonObject, JsonValue } from '../collections/payload.js';
import { withoutField } from '../collections/payload.js';
import { RequestError } from '../errors.js';
import { isObject, type Path, parsePath } from '../filters/path.js';

export type WithPayload =
  | boolean
  | readonly string[]
  | { readonly include?: readonly string[]; readonly exclude?: readonly string[] };

/** Gives of a payload what is asked for; undefined where none is. @throws {RequestError} 400 for what is no key */
export function payloadSelector(asked: WithPayload): ((payload: JsonObject) => JsonObject) | undefined {
  if (asked === false) return undefined;
  if (asked === true) return (payload) => payload;
  if (Array.isArray(asked)) return including(asked as readonly string[]);
  const { include, exclude } = asked as Exclude<WithPayload, boolean | readonly string[]>;
  if ((include === undefined) === (exclude === undefined)) {
    throw new RequestError(400, 'with_payload must have include or exclude, and not both');
  }
  if (include) return including(include);
  const paths = exclude!.map(parsePath);
  return (payload) => paths.reduce(withoutField, payload);
}

function including(keys: readonly string[]) {
  const paths = keys.map(parsePath);
  return (payload: JsonObject) =>
    paths.reduce<JsonObject>((picked, { steps }) => {
      const part = pick(payload, steps);
      return part === undefined ? picked : (merge(picked, part) as JsonObject);
    }, {});
}

/** `value` with nothing in it but what is at the end of these steps; undefined where there is nothing. */
function pick(value: JsonValue, [step, ...others]: Path['steps']): JsonValue | undefined {
  if (!step) return value;
  if (step.kind === 'field') {
    if (!isObject(value) || !Object.hasOwn(value, step.at)) return undefined;
    const part = pick(value[step.at]!, others);
    return part === undefined ? undefined : Object.fromEntries([[step.at, part]]);
  }
  if (!Array.isArray(value)) return undefined;
  const meant = step.kind === 'elements' ? value : value.slice(step.at as number, (step.at as number) + 1);
  return meant.flatMap((each: JsonValue) => pick(each, others) ?? []);
}

function merge(a: JsonValue, b: JsonValue): JsonValue {
  if (!isObject(a) || !isObject(b)) return b;
  const both = Object.entries(b).map(([name, value]) => [
    name,
    Object.hasOwn(a, name) ? merge(a[name]!, value) : value,
  ]);
  return { ...a, ...(Object.fromEntries(both) as JsonObject) };
}
