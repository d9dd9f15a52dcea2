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
/** Of a magnitude: the kernel's own tolerance. */
const MAGNITUDE_TOLERANCE = 1e-6;
/** Of a magnitude in a file that says the same in its own way. */
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

/** What is made of rows that were saved; they stay as they are. */
export function loadSettling({ dims, metric, precision }: SavedIndexPlaces, isKept: boolean): RowSettling {
  return { dims, operation: 'magnitudes', precision, unit: metric === 'cosine', isKept };
}

/** Of rows that were settled. */
export interface SavedRows {
  /** Their magnitudes in the file. */
  readonly saved: Float32Array;
  /** The first one's in the file. */
  readonly position: number;
  /** Gets those that were rejected when they were indexed. */
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
