/**
 * Writes as clients send them.
 */
import type { Operation, Selection } from '../collections/operations.js';
import { type JsonObject, NO_PAYLOAD, payloadToJson } from '../collections/payload.js';
import { toPointId } from '../collections/point-id.js';
import type { NewPoint } from '../collections/write-group.js';
import { RequestError } from '../errors.js';
import { parseFilter } from '../filters/parse.js';
import { parsePath } from '../filters/path.js';
import { FILTER, PAYLOAD, POINT_ID, POINT_IDS, VECTOR } from './shapes.js';

const NO_SHARDS = { type: 'null' } as const;

export const UPSERT_BODY = {
  type: 'object',
  properties: {
    points: {
      type: 'array',
      items: {
        type: 'object',
        properties: { id: POINT_ID, vector: VECTOR, payload: PAYLOAD },
        required: ['id', 'vector'],
        additionalProperties: false,
      },
    },
    batch: {
      type: 'object',
      properties: {
        ids: POINT_IDS,
        vectors: { type: 'array', items: VECTOR },
        payloads: { type: ['array', 'null'], items: PAYLOAD },
      },
      required: ['ids', 'vectors'],
      additionalProperties: false,
    },
    shard_key: NO_SHARDS,
    update_filter: { type: 'null' },
    update_mode: { enum: ['upsert', null] },
  },
  oneOf: [{ required: ['points'] }, { required: ['batch'] }],
  additionalProperties: false,
} as const;

const SELECTION = { points: { ...POINT_IDS, type: ['array', 'null'] }, filter: FILTER, shard_key: NO_SHARDS } as const;

export const SELECT_BODY = { type: 'object', properties: SELECTION, additionalProperties: false } as const;

export const SET_PAYLOAD_BODY = {
  type: 'object',
  properties: { payload: { type: 'object' }, key: { type: ['string', 'null'] }, ...SELECTION },
  required: ['payload'],
  additionalProperties: false,
} as const;

export const DELETE_PAYLOAD_BODY = {
  type: 'object',
  properties: { keys: { type: 'array', items: { type: 'string' } }, ...SELECTION },
  required: ['keys'],
  additionalProperties: false,
} as const;

const BATCH = {
  upsert: UPSERT_BODY,
  delete: SELECT_BODY,
  set_payload: SET_PAYLOAD_BODY,
  overwrite_payload: SET_PAYLOAD_BODY,
  delete_payload: DELETE_PAYLOAD_BODY,
  clear_payload: SELECT_BODY,
} as const;

export const BATCH_BODY = {
  type: 'object',
  properties: {
    operations: {
      type: 'array',
      items: { type: 'object', properties: BATCH, minProperties: 1, maxProperties: 1, additionalProperties: false },
    },
  },
  required: ['operations'],
  additionalProperties: false,
} as const;

export interface UpsertBody {
  readonly points?: readonly {
    readonly id: unknown;
    readonly vector: number[];
    readonly payload?: JsonObject | null;
  }[];
  readonly batch?: {
    readonly ids: readonly unknown[];
    readonly vectors: readonly number[][];
    readonly payloads?: readonly (JsonObject | null)[] | null;
  };
}

export interface SelectBody {
  readonly points?: readonly unknown[] | null;
  readonly filter?: unknown;
}

export interface SetPayloadBody extends SelectBody {
  readonly payload: JsonObject;
  readonly key?: string | null;
}

export interface DeletePayloadBody extends SelectBody {
  readonly keys: readonly string[];
}

export interface BatchOperation {
  readonly upsert?: UpsertBody;
  readonly delete?: SelectBody;
  readonly set_payload?: SetPayloadBody;
  readonly overwrite_payload?: SetPayloadBody;
  readonly delete_payload?: DeletePayloadBody;
  readonly clear_payload?: SelectBody;
}

let operations = 0;

/** The answer to a write. */
export function writeAnswer(wait: 'true' | 'false' | undefined) {
  return { operation_id: operations++, status: wait === 'true' ? 'completed' : 'acknowledged' };
}

/** @throws {RequestError} 400; so do all functions here. */
export function upsertOf({ points, batch }: UpsertBody): Operation {
  if (points) return { kind: 'upsert', points: points.map(({ id, vector, payload }) => newPoint(id, vector, payload)) };
  const { ids, vectors, payloads } = batch!;
  if (vectors.length !== ids.length || (payloads && payloads.length !== ids.length)) {
    const found = `${ids.length} ids, ${vectors.length} vectors${payloads ? `, ${payloads.length} payloads` : ''}`;
    throw new RequestError(400, `A batch must have as many vectors and payloads as ids, got ${found}`);
  }
  return { kind: 'upsert', points: ids.map((id, i) => newPoint(id, vectors[i]!, payloads?.[i])) };
}

export function deleteOf(body: SelectBody): Operation {
  return { kind: 'delete', selection: selectionOf(body) };
}

export function setPayloadOf(body: SetPayloadBody): Operation {
  const path = body.key === undefined || body.key === null ? undefined : parsePath(body.key);
  return { kind: 'set payload', payload: body.payload, path, selection: selectionOf(body) };
}

export function overwritePayloadOf(body: SetPayloadBody): Operation {
  if (body.key !== undefined && body.key !== null)
    throw new RequestError(400, 'key is served for setting a payload, not for overwriting it');
  return { kind: 'overwrite payload', payload: body.payload, selection: selectionOf(body) };
}

export function deletePayloadOf(body: DeletePayloadBody): Operation {
  return { kind: 'delete payload', paths: body.keys.map(parsePath), selection: selectionOf(body) };
}

export function clearPayloadOf(body: SelectBody): Operation {
  return { kind: 'clear payload', selection: selectionOf(body) };
}

export function batchOperationOf(given: BatchOperation): Operation {
  if (given.upsert) return upsertOf(given.upsert);
  if (given.delete) return deleteOf(given.delete);
  if (given.set_payload) return setPayloadOf(given.set_payload);
  if (given.overwrite_payload) return overwritePayloadOf(given.overwrite_payload);
  if (given.delete_payload) return deletePayloadOf(given.delete_payload);
  return clearPayloadOf(given.clear_payload!);
}

function newPoint(id: unknown, vector: number[], payload: JsonObject | null | undefined): NewPoint {
  const own = payload ?? NO_PAYLOAD;
  return { id: toPointId(id), vector, payload: own, json: payloadToJson(own) };
}

function selectionOf({ points, filter }: SelectBody): Selection {
  const parsed = parseFilter(filter);
  if ((points ?? undefined) !== undefined && !parsed) return { ids: points!.map(toPointId) };
  if (parsed && (points ?? undefined) === undefined) return { filter: parsed };
  throw new RequestError(400, 'Either points or filter must say which points are meant, and not both');
}
