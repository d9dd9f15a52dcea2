/**
 * Enters the ids of a change into an index.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import { checkId, type VectorId } from '../vectors/vector-id.js';
import type { Place } from './id-table.js';
import type { RowRoom, Rows } from './rows.js';
import type { Steps } from './steps.js';

/** Ids for rows to come: an array of them, or a typed array of numbers. */
export type VectorIds<Id extends VectorId = VectorId> = ArrayLike<Id>;

/** Ids entered between two steps. */
const STRIDE = 256;

/** @throws {IndexingError} `InvalidConfiguration` unless there is one for each vector. */
export function checkIdCount(ids: VectorIds | undefined, count: number): void {
  if (ids !== undefined && ids.length !== count) {
    throw invalidConfiguration('ids.length', `${count}, the number of vectors`, ids.length);
  }
}

export interface IdsToEnter {
  /** New ids; undefined for the next numbers. */
  readonly ids: VectorIds | undefined;
  /** Whether rows that have these ids are replaced. */
  readonly replacing: boolean;
  /** Rows that are no vectors, ascending: they are left out. */
  readonly leftOut?: readonly number[];
}

/**
 * Gives the rows of a change their ids. Gives the places of the rows that they replace.
 *
 * @throws {IndexingError} `InvalidConfiguration` for what is no id, one that is there or is given twice, and ids that are not of
 *   the kind of those that are there; then nothing was entered.
 */
export function* enterIds(
  rows: Rows,
  rooms: readonly RowRoom[],
  { ids, replacing, leftOut = [] }: IdsToEnter,
): Steps<Place[]> {
  const total = rooms.reduce((sum, { count }) => sum + count, 0);
  checkIdCount(ids, total);
  const kind = rows.kind ?? (ids ? typeof ids[0] : 'number');
  const next = rows.nextNumber;
  if (ids === undefined && total > 0) {
    if (kind === 'string') {
      throw new IndexingError('InvalidConfiguration', 'ids must be given: those of this index are strings');
    }
    if (next > Number.MAX_SAFE_INTEGER - (total - 1)) {
      throw new IndexingError(
        'InvalidConfiguration',
        `ids must be given: there is no number above ${next - 1} for them`,
      );
    }
  }
  const replaced: Place[] = [];
  let position = 0;
  let left = 0;
  try {
    for (const { segment, first, count } of rooms) {
      for (let row = first; row < first + count; row++, position++) {
        const id = ids === undefined ? next + position : checkId(`ids[${position}]`, ids[position]);
        if (typeof id !== kind) {
          throw invalidConfiguration(`ids[${position}]`, `a ${kind}, like the other ids of the index`, id);
        }
        // A number above all others is new.
        if (typeof id === 'string' || id < rows.nextNumber) {
          const place = rows.find(id);
          if (rows.isEntered(id)) throw duplicate(position, id, 'is given twice');
          if (place !== -1) {
            if (!replacing) throw duplicate(position, id, 'is in the index; use upsert');
            replaced.push(place);
          }
        }
        if (leftOut[left] === position) {
          left++;
          rows.leaveOut(id, segment, row);
        } else {
          rows.enter(id, segment, row, total);
        }
        if (position % STRIDE === STRIDE - 1) yield;
      }
    }
  } catch (error) {
    yield* rows.takeBack(rooms, position);
    throw error;
  }
  return replaced;
}

function duplicate(i: number, id: VectorId, what: string): IndexingError {
  return new IndexingError('InvalidConfiguration', `ids[${i}], ${JSON.stringify(id)}, ${what}`);
}
