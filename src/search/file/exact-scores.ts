/**
 * Scores candidates in float64 whose rows may lie in a file. The best candidates come first, in portions of bounded memory,
 * since each portion shows which of the others need not be read. A row is read once for all queries of a portion.
 */

import { onAbort, unlessStopped } from '../../base/signals.js';
import { TimeSlices } from '../../base/time.js';
import type { EngineCore } from '../../engine/engine-core.js';
import { OpenMemory } from '../../engine/worker/search-loop.js';
import { TopHits } from '../../engine/worker/top-hits.js';
import { ErrorBound } from '../../kernel/search/error-bound.js';
import { queryBytes } from '../../kernel/search/search-kernel.js';
import type { MatrixMemory } from '../../memory/create-memory.js';
import { SearchBoard } from '../../memory/search-board.js';
import { queriesPerPass } from '../../memory/segment-layout.js';
import type { PreparedQueries } from '../queries.js';
import { partOf, type RankedRows, rankHits } from '../search-hits.js';
import type { SearchScope } from '../search-job.js';
import type { PassRows } from '../search-pass.js';
import type { Segment } from '../segment.js';
import { doInSlices } from '../steps.js';
import type { Candidates } from './board-candidates.js';
import type { RowFile } from './row-file.js';
import { positionOf, type StoredRows, takeRow } from './stored-rows.js';

export interface RowsToScore {
  readonly rows: Pick<PassRows, 'segments' | 'firstSlots'>;
  /** Where rows of each segment are; undefined where they are in memory. */
  readonly stored: ReadonlyMap<Segment, StoredRows>;
}

/** Rows that are in memory at a time, and places for them: further searches wait for one. */
const PORTION_BYTES = 2 ** 22;
const MOST_PLACES = 4;
/** Candidates of a query in the first portion, at least. */
const LEAST_FIRST = 32;
/** Most candidates that are sorted. More than these are scored in the order of their rows, which is that of the file. */
const MOST_SORTED = 4096;
/** Rows scored between two looks at the clock. */
const STRIDE = 64;

/** A search that waits for a place. */
interface Waiting {
  readonly take: (place: Place) => void;
  /** Tells that there are fewer places than there might be, so it should look for one again. */
  readonly retry: () => void;
}

interface Place {
  readonly memory: MatrixMemory;
  readonly open: OpenMemory;
}

/** Byte offsets in the memory of a place. */
interface PlaceLayout {
  readonly queries: number;
  readonly rows: number;
  readonly rowCount: number;
  readonly byteLength: number;
}

/** A query on its way. */
interface Scoring {
  readonly query: number;
  readonly queryLength: number;
  readonly hits: TopHits;
  readonly candidates: Candidates;
  readonly leastKey: number;
  /** Candidates before this one are done. */
  next: number;
  limit: number;
}

export class ExactScores {
  readonly #core: EngineCore;
  readonly #scope: SearchScope;
  readonly #bound: ErrorBound;
  readonly #layout: PlaceLayout;
  readonly #free: Place[] = [];
  #places = 0;
  #isClosed = false;
  readonly #waiting: Waiting[] = [];

  constructor(core: EngineCore, scope: SearchScope) {
    const { metric, dims } = scope;
    this.#core = core;
    this.#scope = scope;
    this.#bound = new ErrorBound(metric, dims);
    const rows = queriesPerPass(dims, 1) * queryBytes(dims);
    const rowCount = Math.max(1, Math.floor(PORTION_BYTES / (4 * dims)));
    this.#layout = { queries: 0, rows, rowCount, byteLength: rows + rowCount * 4 * dims + 64 };
  }

  /** Bytes of the places there are. */
  get byteLength(): number {
    return this.#places * this.#layout.byteLength;
  }

  /** From now on no further search begins to score. */
  close(): void {
    this.#isClosed = true;
    for (const place of this.#free.splice(0)) this.#discard(place);
  }

  #discard({ memory }: Place): void {
    this.#places--;
    this.#core.memories.discard(memory);
  }

  /** A board for the exact hits of some queries: those that are on it already count. */
  createBoard(queryCount: number, k: number): SearchBoard {
    const { dims } = this.#scope;
    const groups = [{ queryCount, k }];
    return new SearchBoard(new ArrayBuffer(SearchBoard.byteLength(dims, groups, 1)), 0, dims, groups, 1);
  }

  /**
   * Scores the candidates of queries, those from `first` on, onto a board. Rejects with `signal.reason`, and as `RowFile.read`.
   *
   * @param leastKeys of all queries, the least key of a hit
   */
  async score(
    { rows, stored }: RowsToScore,
    {
      queries,
      first,
      leastKeys,
    }: {
      readonly queries: PreparedQueries;
      readonly first: number;
      readonly leastKeys: readonly number[] | undefined;
    },
    candidates: readonly Candidates[],
    board: SearchBoard,
    signal: AbortSignal,
  ): Promise<void> {
    const place = await this.#enter(signal);
    let reading: Promise<void> | undefined;
    try {
      const slices = new TimeSlices(signal);
      const scorings = this.#begin(place, queries, first, candidates, leastKeys, board);
      for (let portion = LEAST_FIRST; ; portion *= 4) {
        signal.throwIfAborted();
        const wanted = this.#choose(scorings, portion);
        if (wanted.size === 0) return;
        const order = inOrder(wanted.keys(), rows, stored);
        reading = this.#bring(place, order);
        await unlessStopped(reading, signal);
        for (const [i, { slot }] of order.entries()) {
          for (const scoring of wanted.get(slot)!) this.#scoreOne(place, i, slot, scoring);
          if (i % STRIDE === STRIDE - 1 && slices.isDue()) await slices.nextTurn();
        }
        for (const scoring of scorings) scoring.limit = this.#limit(scoring);
      }
    } finally {
      // A read that nobody waits for writes to the place all the same.
      if (reading)
        reading.then(
          () => this.#leave(place),
          () => this.#leave(place),
        );
      else this.#leave(place);
    }
  }

  /** Ranks the hits of a query on a board. */
  rank(board: SearchBoard, query: number, slices: TimeSlices): Promise<RankedRows> {
    return doInSlices(rankHits(board, 1, query), slices);
  }

  #begin(
    { open }: Place,
    queries: PreparedQueries,
    first: number,
    candidates: readonly Candidates[],
    leastKeys: readonly number[] | undefined,
    board: SearchBoard,
  ): Scoring[] {
    const { dims } = this.#scope;
    const stride = queryBytes(dims) / 4;
    const data = queries.data.subarray(first * stride, (first + candidates.length) * stride);
    open.floats.set(data, this.#layout.queries / 4);
    return candidates.map((each, query): Scoring => {
      const at = this.#layout.queries + query * queryBytes(dims);
      const scoring: Scoring = {
        query,
        queryLength: Math.sqrt(open.kernel.exactSquares(at, dims)),
        hits: new TopHits(board.hits, board.place(0, query)),
        candidates: sorted(each),
        leastKey: leastKeys?.[first + query] ?? Number.NEGATIVE_INFINITY,
        next: 0,
        limit: 0,
      };
      scoring.limit = this.#limit(scoring);
      return scoring;
    });
  }

  #limit({ hits, leastKey, queryLength }: Scoring): number {
    return this.#bound.limit(Math.max(hits.worstKey, leastKey), queryLength);
  }

  /** The next candidates, `most` of each query at least if that many are left, with the queries that want them. */
  #choose(scorings: readonly Scoring[], most: number): Map<number, Scoring[]> {
    const wanted = new Map<number, Scoring[]>();
    const { rowCount } = this.#layout;
    for (const scoring of scorings) {
      const { slots, bounds } = scoring.candidates;
      const wish = Math.max(most, 2 * scoring.hits.capacity);
      for (let taken = 0; taken < wish && scoring.next < slots.length; scoring.next++) {
        if (bounds[scoring.next]! < scoring.limit) continue;
        const slot = slots[scoring.next]!;
        const known = wanted.get(slot);
        if (!known && wanted.size >= rowCount) return wanted;
        if (known) known.push(scoring);
        else wanted.set(slot, [scoring]);
        taken++;
      }
    }
    return wanted;
  }

  /** Brings rows into the memory of a place, in this order. */
  async #bring({ open }: Place, order: readonly RowToRead[]): Promise<void> {
    const { metric, dims } = this.#scope;
    const { rows } = this.#layout;
    for (let first = 0; first < order.length; ) {
      const { file } = order[first]!.stored ?? {};
      let last = first + 1;
      while (last < order.length && order[last]!.stored?.file === file) last++;
      const bytes = file && (await readAll(file, order.slice(first, last)));
      for (let i = first; i < last; i++) {
        const { segment, row, stored } = order[i]!;
        const target = open.floats.subarray(rows / 4 + i * dims, rows / 4 + (i + 1) * dims);
        if (stored && bytes) {
          const size = stored.file.rowBytes;
          const own = bytes.subarray((i - first) * size, (i - first + 1) * size);
          takeRow(own, target, stored, segment, row, metric === 'cosine');
        } else {
          segment.copyRow(row, target);
        }
      }
      first = last;
    }
  }

  #scoreOne({ open }: Place, index: number, slot: number, { query, queryLength, hits }: Scoring): void {
    const { metric, dims } = this.#scope;
    const row = this.#layout.rows + index * dims * 4;
    const at = this.#layout.queries + query * queryBytes(dims);
    switch (metric) {
      case 'cosine':
        hits.offer(open.kernel.exactCosine(row, at, dims, queryLength), slot);
        break;
      case 'dot':
        hits.offer(open.kernel.exactDot(row, at, dims), slot);
        break;
      case 'euclidean':
        hits.offer(-open.kernel.exactDistance(row, at, dims), slot);
        break;
    }
  }

  /** A place to work, as soon as there is one. */
  async #enter(signal: AbortSignal): Promise<Place> {
    signal.throwIfAborted();
    const free = this.#free.pop();
    if (free) return free;
    if (this.#places < MOST_PLACES) {
      this.#places++;
      try {
        const memory = await this.#core.withMemory(() => this.#core.memories.acquire(this.#layout.byteLength, 'index'));
        return { memory, open: new OpenMemory(this.#scope.searchKernel, memory.memory) };
      } catch (error) {
        this.#places--;
        // Otherwise it might wait for a place that nobody has.
        this.#waiting.shift()?.retry();
        throw error;
      }
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        take(place) {
          settle();
          resolve(place);
        },
        retry: () => {
          settle();
          resolve(this.#enter(signal));
        },
      };
      const stop = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      const settle = onAbort(signal, stop);
      this.#waiting.push(waiting);
    });
  }

  #leave(place: Place): void {
    const next = this.#waiting.shift();
    if (next) next.take(place);
    else if (this.#isClosed) this.#discard(place);
    else this.#free.push(place);
  }
}

interface RowToRead {
  readonly slot: number;
  readonly segment: Segment;
  readonly row: number;
  readonly stored: StoredRows | undefined;
  readonly position: number;
}

/** Rows in the order in which they lie in their file; those in memory come first. */
function inOrder(
  slots: Iterable<number>,
  { segments, firstSlots }: Pick<PassRows, 'segments' | 'firstSlots'>,
  stored: ReadonlyMap<Segment, StoredRows>,
): RowToRead[] {
  const files: (RowFile | undefined)[] = [undefined];
  const order = Array.from(slots, (slot): RowToRead => {
    const part = partOf(slot, firstSlots);
    const segment = segments[part]!;
    const row = slot - firstSlots[part]!;
    const place = stored.get(segment);
    if (!files.includes(place?.file)) files.push(place?.file);
    return { slot, segment, row, stored: place, position: place ? positionOf(place, row) : slot };
  });
  const rankOf = (each: RowToRead) => files.indexOf(each.stored?.file);
  return order.sort((a, b) => rankOf(a) - rankOf(b) || a.position - b.position);
}

async function readAll(file: RowFile, rows: readonly RowToRead[]): Promise<Uint8Array> {
  const bytes = new Uint8Array(rows.length * file.rowBytes);
  await file.read(
    rows.map(({ position }) => position),
    bytes,
  );
  return bytes;
}

/** The best bounds first, unless there are many. */
function sorted({ slots, bounds }: Candidates): Candidates {
  if (slots.length > MOST_SORTED) return { slots, bounds };
  const order = Array.from(slots, (_, i) => i).sort((a, b) => bounds[b]! - bounds[a]! || slots[a]! - slots[b]!);
  return { slots: order.map((i) => slots[i]!), bounds: order.map((i) => bounds[i]!) };
}
