/**
 * What collections are made of and told as: Qdrant's settings, of which those that have no effect here are accepted, and what is in force is told.
 */
import type { Collection } from '../collections/collection.js';
import { GRAPH_FROM_ROWS } from '../collections/graph-keeper.js';
import { type CollectionSettings, DEFAULT_GRAPH, type Distance, type GraphSettings } from '../collections/settings.js';
import { RequestError } from '../errors.js';
import { INDEX_TYPES } from '../filters/payload-index.js';
import type { Maybe } from './shapes.js';

const WITHOUT_EFFECT = { type: ['object', 'null'] } as const;
const FLAG = { type: ['boolean', 'null'] } as const;
const NUMBER = { type: ['integer', 'null'] } as const;

const HNSW_CONFIG = {
  type: ['object', 'null'],
  properties: {
    m: { type: ['integer', 'null'], minimum: 0, maximum: 1024 },
    ef_construct: { type: ['integer', 'null'], minimum: 1, maximum: 2 ** 20 },
    full_scan_threshold: NUMBER,
    max_indexing_threads: NUMBER,
    on_disk: FLAG,
    payload_m: NUMBER,
    inline_storage: FLAG,
  },
  additionalProperties: false,
} as const;

const PARAMS_DIFF = {
  replication_factor: NUMBER,
  write_consistency_factor: NUMBER,
  read_fan_out_factor: NUMBER,
  read_fan_out_delay_ms: NUMBER,
  on_disk_payload: FLAG,
} as const;

export const CREATE_BODY = {
  type: 'object',
  properties: {
    vectors: {
      type: 'object',
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 65536 },
        distance: { enum: ['Cosine', 'Dot', 'Euclid'] },
        hnsw_config: HNSW_CONFIG,
        quantization_config: WITHOUT_EFFECT,
        on_disk: FLAG,
        datatype: { enum: ['float32', null] },
        multivector_config: { type: 'null' },
      },
      additionalProperties: false,
    },
    hnsw_config: HNSW_CONFIG,
    optimizers_config: WITHOUT_EFFECT,
    quantization_config: WITHOUT_EFFECT,
    wal_config: WITHOUT_EFFECT,
    shard_number: NUMBER,
    replication_factor: NUMBER,
    write_consistency_factor: NUMBER,
    on_disk_payload: FLAG,
    sharding_method: { enum: ['auto', null] },
    sparse_vectors: { type: ['object', 'null'], maxProperties: 0 },
    strict_mode_config: { type: 'null' },
    metadata: { type: 'null' },
  },
  required: ['vectors'],
  additionalProperties: false,
} as const;

export const UPDATE_BODY = {
  type: 'object',
  properties: {
    hnsw_config: HNSW_CONFIG,
    vectors: {
      type: ['object', 'null'],
      properties: {
        '': {
          type: 'object',
          properties: { hnsw_config: HNSW_CONFIG, quantization_config: WITHOUT_EFFECT, on_disk: FLAG },
          additionalProperties: false,
        },
      },
      additionalProperties: false,
    },
    optimizers_config: WITHOUT_EFFECT,
    quantization_config: WITHOUT_EFFECT,
    params: { type: ['object', 'null'], properties: PARAMS_DIFF, additionalProperties: false },
  },
  additionalProperties: false,
} as const;

export const INDEX_BODY = {
  type: 'object',
  properties: {
    field_name: { type: 'string', minLength: 1 },
    field_schema: {
      oneOf: [
        { enum: INDEX_TYPES },
        {
          type: 'object',
          properties: {
            type: { enum: INDEX_TYPES },
            on_disk: FLAG,
            is_tenant: FLAG,
            is_principal: FLAG,
            lookup: FLAG,
            range: FLAG,
            enable_hnsw: FLAG,
            tokenizer: { enum: ['word', null] },
            lowercase: { enum: [true, null] },
          },
          required: ['type'],
          additionalProperties: false,
        },
      ],
    },
  },
  required: ['field_name', 'field_schema'],
  additionalProperties: false,
} as const;

type Hnsw = Maybe<{ readonly m: number; readonly ef_construct: number }> | null | undefined;

export interface CreateBody {
  readonly vectors: { readonly size?: number; readonly distance?: Distance; readonly hnsw_config?: Hnsw };
  readonly hnsw_config?: Hnsw;
}

export interface UpdateBody {
  readonly hnsw_config?: Hnsw;
  readonly vectors?: { readonly ''?: { readonly hnsw_config?: Hnsw } } | null;
}

/** Settings of the vectors come before those of the collection. @throws {RequestError} 400 */
export function settingsOf(name: string, { vectors, hnsw_config }: CreateBody): CollectionSettings {
  const { size, distance } = vectors;
  if (size === undefined || distance === undefined) {
    throw new RequestError(
      400,
      'Wrong input: body/vectors must have size and distance; named vectors are not served here',
    );
  }
  const hnsw = changedGraph(changedGraph(DEFAULT_GRAPH, hnsw_config), vectors.hnsw_config);
  return { name, size, distance, hnsw, payloadIndexes: {} };
}

export function changedGraph(before: GraphSettings, hnsw: Hnsw): GraphSettings {
  return { m: hnsw?.m ?? before.m, efConstruct: hnsw?.ef_construct ?? before.efConstruct };
}

/** The answer to `GET /collections/{name}`. */
export function infoOf(collection: Collection) {
  const { size, distance, hnsw, payloadIndexes } = collection.settings;
  const { rows, isBehind } = collection.graph;
  return {
    status: isBehind ? 'yellow' : 'green',
    optimizer_status: 'ok',
    indexed_vectors_count: rows,
    points_count: collection.size,
    segments_count: 1,
    config: {
      params: {
        vectors: { size, distance, on_disk: false },
        shard_number: 1,
        replication_factor: 1,
        write_consistency_factor: 1,
        on_disk_payload: true,
      },
      hnsw_config: {
        m: hnsw.m,
        ef_construct: hnsw.efConstruct,
        full_scan_threshold: Math.ceil((4 * size * GRAPH_FROM_ROWS) / 1024),
        max_indexing_threads: 0,
        on_disk: false,
      },
      optimizer_config: {
        deleted_threshold: 0.5,
        vacuum_min_vector_number: 0,
        default_segment_number: 1,
        max_segment_size: null,
        memmap_threshold: null,
        indexing_threshold: Math.ceil((4 * size * GRAPH_FROM_ROWS) / 1024),
        flush_interval_sec: 0,
        max_optimization_threads: null,
      },
      quantization_config: null,
    },
    payload_schema: Object.fromEntries(
      Object.entries(payloadIndexes).map(([field, type]) => [
        field,
        { data_type: type, points: collection.pointsOfPayloadIndex(field) },
      ]),
    ),
  };
}
