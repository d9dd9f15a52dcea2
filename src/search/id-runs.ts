/**
 * Finds ids that ascend with their rows, as positions and counters do, without keeping them a second time. Every new number is
 * greater than all before it, so runs are in order.
 */
import type { Segment } from './segment.js';

/** Rows of a segment whose ids ascend. */
interface IdRun {
  readonly first: number;
  last: number;
  readonly segment: Segment;
  readonly firstRow: number;
  count: number;
}

/** State of the runs at some moment. */
export interface RunMark {
  readonly runs: number;
  readonly count: number;
  readonly last: number;
}

export class IdRuns {
  #runs: IdRun[] = [];

  /** Takes the next row in, which has an id greater than all before, if it goes on with the last run. */
  extend(id: number, segment: Segment, row: number): boolean {
    const last = this.#runs.at(-1);
    if (last?.segment !== segment || last.firstRow + last.count !== row) return false;
    last.last = id;
    last.count++;
    return true;
  }

  /** Takes the next row in as the first row of a new run. */
  begin(id: number, segment: Segment, row: number): void {
    this.#runs.push({ first: id, last: id, segment, firstRow: row, count: 1 });
  }

  /** The row that has or had that id: `found` is called with it. */
  find(id: number, found: (segment: Segment, row: number) => boolean): boolean {
    const run = this.#runs[this.#search(id)];
    if (!run || id > run.last) return false;
    const { first, last, segment, firstRow, count } = run;
    if (last - first + 1 === count) return found(segment, firstRow + id - first);
    let low = firstRow;
    let high = firstRow + count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((segment.ids.get(middle) as number) < id) low = middle + 1;
      else high = middle;
    }
    return segment.ids.get(low) === id && found(segment, low);
  }

  /** Whether a row is in a run. */
  has(segment: Segment, row: number): boolean {
    const id = segment.ids.get(row);
    return typeof id === 'number' && this.find(id, (runSegment, runRow) => runSegment === segment && runRow === row);
  }

  get mark(): RunMark {
    const last = this.#runs.at(-1);
    return { runs: this.#runs.length, count: last?.count ?? 0, last: last?.last ?? 0 };
  }

  /** Forgets what was taken in since. */
  backTo({ runs, count, last }: RunMark): void {
    this.#runs.length = runs;
    const run = this.#runs.at(-1);
    if (!run) return;
    run.count = count;
    run.last = last;
  }

  /**
   * Puts runs of a new segment in the place of those of the segments that it replaces.
   *
   * @param movedTo how many rows of the new segment come from before `row` of `segment`
   */
  replace(
    replaced: ReadonlySet<Segment>,
    segment: Segment | undefined,
    movedTo: (segment: Segment, row: number) => number,
  ): void {
    const runs: IdRun[] = [];
    for (const run of this.#runs) {
      if (!replaced.has(run.segment)) {
        runs.push(run);
        continue;
      }
      const firstRow = movedTo(run.segment, run.firstRow);
      const count = movedTo(run.segment, run.firstRow + run.count) - firstRow;
      if (!segment || count === 0) continue;
      const [first, last] = [segment.ids.get(firstRow), segment.ids.get(firstRow + count - 1)] as [number, number];
      runs.push({ first, last, segment, firstRow, count });
    }
    this.#runs = runs;
  }

  /** The last run that begins at or before an id. */
  #search(id: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#runs[middle]!.first <= id) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
