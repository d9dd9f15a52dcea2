/**
 * The files in which rows of an index lie. There is the file that the index was loaded from or built into. After the index was
 * saved to the same path, searches that have begun still read the file from before.
 */
import { TimeSlices } from '../../base/time.js';
import type { EngineCore } from '../../engine/engine-core.js';
import { boundFiles } from '../../formats/file-access.js';
import { readSavedIndex } from '../../formats/saved-index.js';
import type { RowRoom, Rows, Snapshot } from '../rows.js';
import { liveSpans } from '../rows.js';
import type { SearchScope } from '../search-job.js';
import type { Segment } from '../segment.js';
import type { ExactScores } from './exact-scores.js';
import { FileSearches } from './file-searches.js';
import { RowFile } from './row-file.js';
import { readRow, type StoredRows } from './stored-rows.js';

/** Rows between two looks at the clock. */
const STRIDE = 4096;

export class IndexFiles {
  /** Identity of the file on the disk; undefined for a Blob. */
  readonly #path: Promise<string> | undefined;
  readonly #held = new Set<RowFile>();
  #searches: FileSearches | undefined;

  constructor(file: RowFile, path: string | undefined) {
    this.#path = path === undefined ? undefined : boundFiles().identify(path);
    this.#held.add(file);
  }

  createSearches(core: EngineCore, scope: SearchScope, closing: AbortSignal): FileSearches {
    this.#searches = new FileSearches(core, scope, closing);
    return this.#searches;
  }

  /** Scores rows that are in files; undefined before there are searches. */
  get scores(): ExactScores | undefined {
    return this.#searches?.scores;
  }

  readRow(stored: StoredRows, segment: Segment, row: number, isUnit: boolean): Promise<Float32Array<ArrayBuffer>> {
    return readRow(stored, segment, row, isUnit);
  }

  /** Whether a path is that of the index itself. */
  async isOwn(path: string): Promise<boolean> {
    return this.#path !== undefined && (await boundFiles().identify(path)) === (await this.#path);
  }

  /**
   * The index was saved in the place of its own file: rows that were in it then are read from the new one from now on. Rows that moved meanwhile are
   * read from where they were. No change is under way.
   */
  async switchTo(path: string, rows: Rows, saved: Snapshot): Promise<void> {
    const source = await boundFiles().open(path);
    let file: RowFile;
    try {
      file = await RowFile.open(source, await readSavedIndex(source));
    } catch (error) {
      await source.close();
      throw error;
    }
    const places = new Map<Segment, Uint32Array>();
    let position = 0;
    const slices = new TimeSlices();
    for (const { segment, first, count } of liveSpans(saved, STRIDE)) {
      const known = places.get(segment) ?? new Uint32Array(segment.count);
      for (let row = first; row < first + count; row++) known[row] = position++;
      places.set(segment, known);
      if (slices.isDue()) await slices.nextTurn();
    }
    this.#held.add(file);
    for (const segment of rows.segments) {
      const positions = places.get(segment);
      if (segment.stored && positions) rows.setStored(segment, { file, positions, first: 0 });
    }
    const used = new Set(rows.segments.map(({ stored }) => stored?.file));
    for (const each of this.#held) if (!used.has(each)) this.#letGo(each);
  }

  /** Lets go of all files. Searches that still read them go on to their end. */
  close(): void {
    for (const file of this.#held) this.#letGo(file);
  }

  #letGo(file: RowFile): void {
    this.#held.delete(file);
    file.release();
  }
}

/** Says where rows are that came into new segments, one after the other, as they lie in a file. */
export function placeInFile(file: RowFile, rooms: readonly RowRoom[], rows: Pick<Rows, 'setStored'>): void {
  let position = 0;
  for (const { segment, first, count } of rooms) {
    if (first === 0) {
      rows.setStored(segment, { file, positions: undefined, first: position });
      segment.isClosed = true;
    }
    position += count;
  }
}
