/**
 * Removes dead rows from memory once they are most of a segment. The rows that are left are copied to a new segment in the
 * background. Searches and changes go on meanwhile. Only the moment when the new segment replaces the old one is a change of
 * its own.
 */
import { IndexingError } from '../base/errors.js';
import { TimeSlices } from '../base/time.js';
import { isAlive } from '../memory/deaths.js';
import type { Changes } from './changes.js';
import { type Place, placeOf, rowOf } from './id-table.js';
import { type KeptRows, keptBefore } from './kept-rows.js';
import type { Rows } from './rows.js';
import { SearchFilter } from './search-filter.js';
import type { Segment } from './segment.js';
import { doInSlices, type Steps } from './steps.js';

export interface ClearAwayOptions {
  /** Does something when no change is under way. */
  readonly inTurn: Changes['inTurn'];
  /** Does something again where it found no memory, once what was forgotten is collected. */
  readonly withMemory: <T>(work: () => T) => Promise<T>;
  /** Copies rows of segments to a new one. */
  readonly move: (rows: KeptRows, to: Segment) => Promise<void>;
  /** Prepares whatever else knows where rows are; gives what is to be done in the moment in which they move. */
  readonly prepareMove: (rows: KeptRows, to: Segment | undefined) => Steps<() => void>;
  readonly sharesMemory: boolean;
  readonly closing: AbortSignal;
}

/** Least number of dead rows for which a segment with room left is cleared. */
const LEAST_DEAD = 256;
/** Number of changes that pass after a lack of memory before it is tried again. */
const PATIENCE = 1000;
const STRIDE = 1024;

export class ClearAway {
  readonly #options: ClearAwayOptions;
  #isRunning = false;
  /** Version before which it is not tried again. */
  #notBefore = 0;

  constructor(options: ClearAwayOptions) {
    this.#options = options;
  }

  /** To be called after every change. */
  look(rows: Rows): void {
    if (this.#isRunning || rows.version < this.#notBefore || findWorn(rows).length === 0) return;
    this.#isRunning = true;
    this.#run(rows)
      .catch((error: unknown) => {
        if (this.#options.closing.aborted) return;
        // The rows are dead all the same. Without memory for a copy they stay where they are.
        this.#notBefore = rows.version + PATIENCE;
        if (!(error instanceof IndexingError)) throw error;
      })
      .finally(() => {
        this.#isRunning = false;
      });
  }

  async #run(rows: Rows): Promise<void> {
    const { inTurn, withMemory, move, prepareMove, sharesMemory, closing } = this.#options;
    const slices = new TimeSlices(closing);
    for (;;) {
      // No change is under way then: what is dead stays dead, and no row is on its way to these segments.
      const worn = await inTurn(() => {
        const found = findWorn(rows);
        for (const segment of found) segment.isClosed = true;
        return found;
      });
      if (worn.length === 0) return;
      const kept = await doInSlices(keptRows(worn, sharesMemory), slices);
      const count = kept.rows.length;
      const target = count > 0 ? await withMemory(() => rows.createSegment(count, worn[0]!.layout.form)) : undefined;
      let entered = 0;
      try {
        if (target) {
          await move(kept, target);
          await doInSlices(enterCopies(rows, kept, target), slices);
          entered = count;
        }
        await inTurn(async () => {
          if (target) await doInSlices(passOn(rows, kept, target), slices);
          const moved = await doInSlices(prepareMove(kept, target), slices);
          // Where the index was saved meanwhile, some may be in another file than the others.
          if (target && !(await doInSlices(passOnPositions(kept, target), slices))) {
            throw new IndexingError('FileAccess', 'rows that are removed together are now in two files');
          }
          rows.replace(worn, target, count, (segment, row) => keptBefore(kept, segment, row));
          moved();
        });
      } catch (error) {
        if (target) await doInSlices(rows.release([target], placesIn(target, entered)), slices);
        throw error;
      }
      await doInSlices(rows.release(worn, originals(kept)), slices);
    }
  }
}

/** Segments side by side that are to be replaced by one. */
function findWorn(rows: Rows): Segment[] {
  const { segments } = rows;
  const isFull = (segment: Segment) => segment.room === 0;
  const live = ({ count, dead }: Segment) => count - dead;
  const at = segments.findIndex(
    (segment) => 2 * segment.dead > segment.count && (segment.dead >= LEAST_DEAD || isFull(segment)),
  );
  if (at === -1) return [];
  const worn = [segments[at]!];
  const { form } = worn[0]!.layout;
  const isAlike = ({ layout, stored }: Segment) => layout.form === form && stored?.file === worn[0]!.stored?.file;
  let left = live(worn[0]!);
  // Neighbours that are no larger come along, or segments would become ever more and smaller.
  const takes = (neighbour: Segment | undefined) =>
    neighbour &&
    isFull(neighbour) &&
    isAlike(neighbour) &&
    live(neighbour) <= left &&
    left + live(neighbour) <= rows.maxRows(form);
  for (let before = at - 1; takes(segments[before]); before--) {
    worn.unshift(segments[before]!);
    left += live(segments[before]!);
  }
  for (let behind = at + 1; takes(segments[behind]); behind++) {
    worn.push(segments[behind]!);
    left += live(segments[behind]!);
  }
  return worn;
}

function* keptRows(segments: readonly Segment[], shared: boolean): Steps<KeptRows> {
  const most = segments.reduce((sum, { count }) => sum + count, 0);
  const rows = new Uint32Array(shared ? new SharedArrayBuffer(4 * most) : new ArrayBuffer(4 * most));
  const starts = [0];
  let kept = 0;
  for (const { deaths, count } of segments) {
    for (let row = 0; row < count; row++) {
      if (isAlive(deaths, row)) rows[kept++] = row;
      if (row % STRIDE === STRIDE - 1) yield;
    }
    starts.push(kept);
  }
  return { segments, rows: rows.subarray(0, kept), starts };
}

function* enterCopies(rows: Rows, kept: KeptRows, target: Segment): Steps<void> {
  let copy = 0;
  for (const original of originals(kept)) {
    rows.enterCopy(original, placeOf(target.number, copy));
    if (++copy % STRIDE === 0) yield;
  }
}

/** What happened to the originals since they were copied. */
function* passOn(rows: Rows, kept: KeptRows, target: Segment): Steps<void> {
  const answers = SearchFilter.passedOn(kept.segments, target);
  let copy = 0;
  for (const original of originals(kept)) {
    rows.passOnDeath(original, placeOf(target.number, copy));
    for (const each of answers) each(rows.segmentAt(original), rowOf(original), copy);
    if (++copy % STRIDE === 0) yield;
  }
}

/** Tells a copy where in their file its rows are; false where that are several files. */
function* passOnPositions({ segments, rows, starts }: KeptRows, target: Segment): Steps<boolean> {
  const file = segments[0]!.stored?.file;
  if (segments.some(({ stored }) => stored?.file !== file)) return false;
  if (!file) return true;
  const positions = new Uint32Array(target.layout.capacity);
  for (const [at, { stored }] of segments.entries()) {
    for (let i = starts[at]!; i < starts[at + 1]!; i++) {
      positions[i] = stored!.positions ? stored!.positions[rows[i]!]! : stored!.first + rows[i]!;
      if (i % STRIDE === STRIDE - 1) yield;
    }
  }
  target.stored = { file, positions, first: 0 };
  return true;
}

/** The places of kept rows. */
function* originals({ segments, rows, starts }: KeptRows): Generator<Place> {
  for (const [at, { number }] of segments.entries()) {
    for (let i = starts[at]!; i < starts[at + 1]!; i++) yield placeOf(number, rows[i]!);
  }
}

function* placesIn({ number }: Segment, count: number): Generator<Place> {
  for (let row = 0; row < count; row++) yield placeOf(number, row);
}
