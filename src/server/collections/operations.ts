/**
 * What a write may do to points.
 */
import { RequestError } from '../errors.js';
import type { Filter } from '../filters/condition.js';
import type { Path } from '../filters/path.js';
import { type JsonObject, NO_PAYLOAD, withFields, withoutField } from './payload.js';
import type { PointId } from './point-id.js';
import type { NewPoint, WriteGroup } from './write-group.js';

/** The points that an operation is about: given by their ids, or all that pass a filter. */
export type Selection = { readonly ids: readonly PointId[] } | { readonly filter: Filter };

export type Operation =
  | { readonly kind: 'upsert'; readonly points: readonly NewPoint[] }
  | { readonly kind: 'delete'; readonly selection: Selection }
  | {
      readonly kind: 'set payload';
      readonly payload: JsonObject;
      readonly path: Path | undefined;
      readonly selection: Selection;
    }
  | { readonly kind: 'overwrite payload'; readonly payload: JsonObject; readonly selection: Selection }
  | { readonly kind: 'delete payload'; readonly paths: readonly Path[]; readonly selection: Selection }
  | { readonly kind: 'clear payload'; readonly selection: Selection };

/** Rows or payloads that an operation is known to write. */
export function rowsOf(operation: Operation): number {
  if (operation.kind === 'upsert') return operation.points.length;
  return 'ids' in operation.selection ? operation.selection.ids.length : 0;
}

export function hasFilter(operation: Operation): boolean {
  return operation.kind !== 'upsert' && 'filter' in operation.selection;
}

/** Applies an operation to a group. If it throws, nothing has changed. `ids` are the ids of the points that it is about. */
export function doOperation(operation: Operation, group: WriteGroup, ids: readonly PointId[]): void {
  switch (operation.kind) {
    case 'upsert':
      group.put(operation.points);
      return;
    case 'delete':
      group.delete(ids);
      return;
    case 'set payload':
      changePayloads(group, ids, (payload) => withFields(payload, operation.payload, operation.path));
      return;
    case 'overwrite payload':
      changePayloads(group, ids, () => operation.payload);
      return;
    case 'delete payload':
      changePayloads(group, ids, (payload) => operation.paths.reduce(withoutField, payload));
      return;
    case 'clear payload':
      changePayloads(group, ids, () => NO_PAYLOAD);
  }
}

function changePayloads(group: WriteGroup, ids: readonly PointId[], change: (payload: JsonObject) => JsonObject): void {
  const missing = ids.find((id) => !group.has(id));
  if (missing !== undefined) throw new RequestError(404, `Not found: No point with id ${missing} found`);
  group.changePayloads(new Set(ids), change);
}
