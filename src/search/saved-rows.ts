/**
 * Checks rows that are read from a saved index: what they become, and whether an index may keep them.
 */

import type { RowSettling } from '../engine/worker/rows-task.js';
import type { ByteSource } from '../formats/format.js';
import { malformed } from '../formats/malformed.js';
import type { SavedIndexPlaces } from '../formats/saved-index.js';
import { NON_FINITE } from '../kernel/rejection.js';
import { UNIT_TOLERANCE } from '../kernel/search/error-bound.js';
import type { RowRoom } from './rows.js';
import type { Steps } from './steps.js';

/** Rows checked between two steps. */
const STRIDE = 4096;
/** Tolerance of a magnitude: the kernel's own. */
const MAGNITUDE_TOLERANCE = 1e-6;
/** Tolerance of a magnitude in a file of another program. */
const FOREIGN_TOLERANCE = 1e-5;

/** How far from 1 the length of a unit row may be as it is kept. */
const LENGTH_TOLERANCES = {
  float32: UNIT_TOLERANCE - MAGNITUDE_TOLERANCE,
  float16: 2 ** -10,
  int8: UNIT_TOLERANCE - MAGNITUDE_TOLERANCE,
};

export interface IndexToLoad {
  readonly source: ByteSource;
  readonly places: SavedIndexPlaces;
}

/** How rows that were saved are settled. They stay as they are. */
export function loadSettling({ dims, metric, precision }: SavedIndexPlaces, isKept: boolean): RowSettling {
  return { dims, operation: 'magnitudes', precision, unit: metric === 'cosine', isKept };
}

/** Rows that were settled, with their magnitudes in the file to compare. */
export interface SavedRows {
  /** Magnitudes of the rows in the file. */
  readonly saved: Float32Array;
  /** Position of the first row in the file. */
  readonly position: number;
  /** Positions of rows that were rejected when they were indexed are added to it. */
  readonly rejected: number[];
}

/** Leaves in the column what was saved for cosine, and what the rows say for the other metrics. */
export function* checkRows(
  source: ByteSource,
  { metric, precision, vectors, magnitudes, count }: SavedIndexPlaces,
  rooms: readonly RowRoom[],
  { saved, position, rejected }: SavedRows,
): Steps<void> {
  const tolerance = LENGTH_TOLERANCES[precision];
  const refuse = (at: number, expected: string, found: string) =>
    malformed(
      source.name,
      `row ${at} (byte ${vectors.byteOffset + (vectors.byteLength / count) * at})`,
      expected,
      found,
    );
  const refuseMagnitude = (at: number, expected: string, found: number) => {
    const place = `magnitude of row ${at} (byte ${magnitudes.byteOffset + 4 * at})`;
    return malformed(source.name, place, expected, `${found}`);
  };
  let at = position;
  for (const { segment, first, count } of rooms) {
    const column = segment.magnitudes(first, count);
    const bits = new Uint32Array(column.buffer, column.byteOffset, count);
    for (let row = 0; row < count; row++, at++) {
      let length = column[row]!;
      if (Number.isNaN(length)) {
        if (bits[row] === NON_FINITE) throw refuse(at, 'finite components', 'NaN or an infinity');
        // The kernel has no magnitude for what has no direction.
        length = 0;
        column[row] = 0;
      }
      const stored = saved[at - position]!;
      if (metric === 'cosine') {
        if (length === 0 && Number.isNaN(stored)) {
          rejected.push(at);
        } else {
          if (!(Math.abs(length - 1) <= tolerance)) {
            throw refuse(at, 'a row of length 1, as cosine keeps them', `length ${length}`);
          }
          if (!(stored > 0)) throw refuseMagnitude(at, 'a positive magnitude', stored);
          column[row] = stored;
        }
      } else if (!(stored === length || Math.abs(stored - length) <= FOREIGN_TOLERANCE * length)) {
        throw refuseMagnitude(at, `${length}, the length of the row`, stored);
      }
      if (at % STRIDE === STRIDE - 1) yield;
    }
  }
}
