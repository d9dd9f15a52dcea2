/**
 * Payloads: JSON objects.
 */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export const NO_PAYLOAD: JsonObject = Object.freeze({});

export function isEmptyPayload(payload: JsonObject): boolean {
  for (const _ in payload) return false;
  return true;
}
