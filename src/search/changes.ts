/**
 * Changes of an index. They are done one after another, in call order. Each is published at once and as a whole, or not at
 * all. A small change is done before its call returns. During larger ones the event loop has turns.
 */
import { isOutOfMemory } from '../base/errors.js';
import { TimeSlices } from '../base/time.js';
import type { PendingCalls } from '../engine/gathering.js';
import type { Metric } from '../kernel/search/error-bound.js';
import type { RowForm } from '../memory/segment-layout.js';
import { countVectors } from '../vectors/source-rows.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { Place } from './id-table.js';
import { checkIdCount, enterIds, type IdsToEnter, type VectorIds } from './ids.js';
import { dimsOf, IncomingVectors, settlingOf } from './incoming.js';
import type { RowRoom, Rows } from './rows.js';
import type { Segment } from './segment.js';
import { copyKeptRows, stagedPortions, stagedRows } from './staging.js';
import { doInSlices, doNow, type Steps } from './steps.js';

export interface ChangesOptions {
  readonly metric: Metric;
  /** Components of each vector, where that is known before there is one. */
  readonly dims: number | undefined;
  readonly createRows: (dims: number) => Rows;
  /** Brings vectors to their rooms, settled. */
  readonly bringIn: (
    rows: Rows,
    incoming: IncomingVectors,
    rooms: readonly RowRoom[],
    signal: AbortSignal,
  ) => Promise<void>;
  /** Does something again where it found no memory, once what was forgotten is collected. */
  readonly withMemory: <T>(work: () => T) => Promise<T>;
  /** Counts the changes that wait for their turn. */
  readonly waiting: Pick<PendingCalls, 'add' | 'delete'>;
  /** Called in the moment in which rows are published. */
  readonly onPublished: (rows: Rows, rooms: readonly RowRoom[]) => void;
  /** Told of rows that died, once that is published. */
  readonly forget: (places: readonly Place[]) => Steps<void>;
  /** Called after every change. */
  readonly onChanged: (rows: Rows) => void;
  /** Aborted when the index is disposed: changes that still wait, or are under way, then reject with its reason. */
  readonly closing: AbortSignal;
}

/** Most components and rows of a change that is done at once: some tenths of a millisecond. */
const SMALL_COMPONENTS = 2 ** 17;
const SMALL_ROWS = 512;
/** Ids looked up between two steps. */
const STRIDE = 256;

export class Changes {
  readonly #options: ChangesOptions;
  #rows: Rows | undefined;
  /** Changes that wait or are under way. */
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();
  readonly #slices: TimeSlices;
  #staging: Segment | undefined;

  constructor(options: ChangesOptions) {
    this.#options = options;
    this.#slices = new TimeSlices(options.closing);
    if (options.dims !== undefined) this.#rows = options.createRows(options.dims);
  }

  /** Bytes of the memory in which vectors are prepared. */
  get stagingBytes(): number {
    return this.#staging?.memory.buffer.byteLength ?? 0;
  }

  /** Rows of the index; undefined while the number of components is not known. */
  get rows(): Rows | undefined {
    return this.#rows;
  }

  /**
   * Adds vectors; with `replacing` those rows whose ids they have are removed.
   *
   * @param confirmed they are published once it has resolved, and dropped where it rejects
   */
  add(
    vectors: VectorSource,
    ids: VectorIds | undefined,
    replacing: boolean,
    confirmed?: Promise<unknown>,
  ): Promise<void> | undefined {
    const count = countVectors(vectors);
    const dims = dimsOf(vectors, 0) ?? 0;
    const addInSlices = () => this.#addInSlices(vectors, { ids, replacing }, confirmed);
    const isSmall = count <= SMALL_ROWS && count * dims <= SMALL_COMPONENTS;
    if (!isSmall || confirmed) return this.#waitingFor(count, addInSlices);
    const tryNow = () => this.#tryNow(vectors, { ids, replacing });
    if (this.#pending > 0) return this.#waitingFor(count, () => (tryNow() ? undefined : addInSlices()));
    return tryNow() ? undefined : this.#waitingFor(count, addInSlices);
  }

  /** Removes rows. Gives their number. */
  remove(ids: VectorIds): Promise<number> | number {
    const removeNow = () => doNow(this.#remove(ids));
    const count = ids.length;
    if (count <= SMALL_ROWS) return this.#pending > 0 ? this.#waitingFor(count, removeNow) : removeNow();
    return this.#waitingFor(count, () => doInSlices(this.#remove(ids), new TimeSlices(this.#options.closing)));
  }

  /** Does something when the changes asked for before are done, and before those asked for later. */
  async inTurn<T>(change: () => Promise<T> | T): Promise<T> {
    this.#pending++;
    const done = this.#last.then(async () => {
      this.#options.closing.throwIfAborted();
      // The thread may have been held by any number of small changes.
      if (this.#slices.isDue()) await this.#slices.nextTurn();
      return change();
    });
    this.#last = done.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await done;
    } finally {
      this.#pending--;
    }
  }

  /** `inTurn` for a change of `rows` rows, which the engine counts as long as it waits. */
  #waitingFor<T>(rows: number, change: () => Promise<T> | T): Promise<T> {
    const { waiting } = this.#options;
    let waits = true;
    const leave = () => {
      if (waits) waiting.delete({ rows });
      waits = false;
    };
    waiting.add({ rows });
    const begin = () => {
      leave();
      return change();
    };
    // A change never has its turn where the index is disposed.
    return this.inTurn(begin).finally(leave);
  }

  /** Resolves when no change waits or is under way. */
  async idle(): Promise<void> {
    for (let seen: Promise<unknown> | undefined; seen !== this.#last; ) {
      seen = this.#last;
      await seen;
    }
  }

  /** Whether the vectors were added: not where there was no memory for them. */
  #tryNow(vectors: VectorSource, ids: IdsToEnter): boolean {
    try {
      this.#addNow(vectors, ids);
      return true;
    } catch (error) {
      if (isOutOfMemory(error)) return false;
      throw error;
    }
  }

  #addNow(vectors: VectorSource, ids: IdsToEnter): void {
    const rows = this.#rowsFor(vectors, ids);
    if (!rows) return;
    const incoming = new IncomingVectors(vectors, rows.dims, 0);
    doNow(incoming.look());
    const staging = rows.form === 'float32' ? undefined : this.#smallStagingOf(rows);
    const rooms = reserveRooms(rows, incoming.sound);
    const settled = staging ? [{ segment: staging, first: 0, count: incoming.sound }] : rooms;
    const settling = settlingOf(this.#options.metric, rows.dims, rows.form);
    // Nothing else runs before the rooms are published or dropped.
    const steps = incoming.copyInto(settled);
    while (!steps.next().done);
    for (const { segment, first, count } of settled) segment.settle(settling, first, count);
    const condensed = function* (metric: Metric) {
      yield* incoming.check(metric, settled);
      if (staging) yield* copyKeptRows(staging, rooms);
    };
    doNow(this.#finish(rows, condensed(this.#options.metric), rooms, ids));
  }

  /** Memory in which few vectors are settled; made once. */
  #smallStagingOf(rows: Rows): Segment {
    this.#staging ??= rows.createStaging(Math.max(1, Math.min(SMALL_ROWS, Math.floor(SMALL_COMPONENTS / rows.dims))));
    return this.#staging;
  }

  async #addInSlices(vectors: VectorSource, ids: IdsToEnter, confirmed: Promise<unknown> | undefined): Promise<void> {
    const rows = this.#rowsFor(vectors, ids);
    if (!rows) return;
    const { closing, bringIn, withMemory } = this.#options;
    const slices = new TimeSlices(closing);
    if (rows.form !== 'float32') {
      const stager = new Stager(this.#options, rows, closing, slices);
      const rooms: RowRoom[] = [];
      try {
        await stager.add(vectors, 0, rooms);
        await confirmed;
      } catch (error) {
        rows.drop(rooms);
        throw error;
      } finally {
        stager.end();
      }
      await doInSlices(this.#finish(rows, undefined, rooms, ids), slices);
      return;
    }
    const incoming = new IncomingVectors(vectors, rows.dims, 0);
    await doInSlices(incoming.look(), slices);
    const rooms = await withMemory(() => reserveRooms(rows, incoming.sound));
    try {
      await bringIn(rows, incoming, rooms, closing);
      await confirmed;
    } catch (error) {
      rows.drop(rooms);
      throw error;
    }
    const checked = incoming.check(this.#options.metric, rooms);
    await doInSlices(this.#finish(rows, checked, rooms, ids), slices);
  }

  /** The rows that vectors come to; undefined where there is no vector. */
  #rowsFor(vectors: VectorSource, { ids }: IdsToEnter): Rows | undefined {
    checkIdCount(ids, countVectors(vectors));
    const dims = dimsOf(vectors, 0);
    if (dims === undefined) return undefined;
    return this.#rows ?? this.#options.createRows(dims);
  }

  /** Checks what came in, unless that is done, enters the ids and publishes. */
  *#finish(rows: Rows, checked: Steps<void> | undefined, rooms: readonly RowRoom[], ids: IdsToEnter): Steps<void> {
    let replaced: Place[];
    try {
      if (checked) yield* checked;
      replaced = yield* enterIds(rows, rooms, ids);
    } catch (error) {
      rows.drop(rooms);
      throw error;
    }
    this.#rows = rows;
    yield* this.#publish(rows, rooms, replaced);
  }

  *#remove(ids: VectorIds): Steps<number> {
    const rows = this.#rows;
    if (!rows) return 0;
    const places: Place[] = [];
    for (let i = 0; i < ids.length; i++) {
      const place = rows.find(ids[i]!);
      if (place !== -1) places.push(place);
      if (i % STRIDE === STRIDE - 1) yield;
    }
    if (places.length === 0) return 0;
    return yield* this.#publish(rows, [], places);
  }

  /** Makes a change visible. It cannot fail any more. Gives the number of rows that died. */
  *#publish(rows: Rows, rooms: readonly RowRoom[], dying: readonly Place[]): Steps<number> {
    const deaths = yield* rows.recordDeaths(dying);
    rows.publish(rooms, deaths);
    this.#options.onPublished(rows, rooms);
    yield* this.#options.forget(deaths.places);
    yield* rows.clearEntries(deaths.places);
    this.#options.onChanged(rows);
    return deaths.places.length;
  }

  /**
   * For a new index: its first rows, which come in one change.
   *
   * @param sink where the rows go instead of the index, which keeps their codes
   */
  fill(signal: AbortSignal | undefined, sink?: RowSink): Filling {
    const finish = (filling: Filling, rows: Rows, ids: IdsToEnter) => this.#finishFilling(filling, rows, ids);
    return new Filling(this.#options, this.#rows, signal, finish, sink);
  }

  async #finishFilling({ rooms, slices }: Filling, rows: Rows, ids: IdsToEnter): Promise<void> {
    const replaced = await doInSlices(enterIds(rows, rooms, ids), slices);
    this.#rows = rows;
    await doInSlices(this.#publish(rows, rooms, replaced), slices);
  }
}

/** Takes rows that were settled and found right, the first ones of a segment, before that is filled again. */
export type RowSink = (settled: Segment, count: number) => Promise<void>;

/** The rows of a new index as they come in. */
export class Filling {
  readonly rooms: RowRoom[] = [];
  readonly slices: TimeSlices;
  readonly #options: ChangesOptions;
  readonly #signal: AbortSignal;
  readonly #finish: (filling: Filling, rows: Rows, ids: IdsToEnter) => Promise<void>;
  readonly #sink: RowSink | undefined;
  #rows: Rows | undefined;
  #stager: Stager | undefined;
  #count = 0;

  constructor(
    options: ChangesOptions,
    rows: Rows | undefined,
    signal: AbortSignal | undefined,
    finish: (filling: Filling, rows: Rows, ids: IdsToEnter) => Promise<void>,
    sink: RowSink | undefined,
  ) {
    this.#options = options;
    this.#rows = rows;
    this.#sink = sink;
    this.#signal = signal ?? options.closing;
    this.slices = new TimeSlices(this.#signal);
    this.#finish = finish;
  }

  /** What the rows come to; there are some by now. */
  get rows(): Rows {
    return this.#rows!;
  }

  /** Number of rows so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * @param expected rows that are to come, these included
   * @param form how they are kept; by default as those that are added later
   */
  async reserve(dims: number, count: number, expected: number, form?: RowForm): Promise<RowRoom[]> {
    const { createRows, withMemory } = this.#options;
    const rows = this.#rows ?? createRows(dims);
    this.#rows = rows;
    const rooms = await withMemory(() => reserveRooms(rows, count, expected, form));
    this.rooms.push(...rooms);
    this.#count += count;
    return rooms;
  }

  /** Where rows are settled that are kept otherwise. Whoever asks gives it back. */
  async createStaging(dims: number, count: number): Promise<Segment> {
    const { createRows, withMemory } = this.#options;
    const rows = this.#rows ?? createRows(dims);
    this.#rows = rows;
    return withMemory(() => rows.createStaging(count));
  }

  discardStaging(staging: Segment): void {
    this.#rows?.discardStaging(staging);
  }

  /** @param expected rows that are to come, these included */
  async add(vectors: VectorSource, expected: number): Promise<void> {
    const first = this.#count;
    const given = dimsOf(vectors, first);
    if (given === undefined) return;
    const dims = this.#rows?.dims ?? given;
    const rows = this.#rows ?? this.#options.createRows(dims);
    this.#rows = rows;
    if (rows.form !== 'float32' || this.#sink) {
      await this.#addStaged(rows, vectors, expected);
      return;
    }
    const incoming = new IncomingVectors(vectors, dims, first);
    await doInSlices(incoming.look(), this.slices);
    const rooms = await this.reserve(dims, incoming.sound, expected);
    if (this.#rows) await this.#options.bringIn(this.#rows, incoming, rooms, this.#signal);
    await doInSlices(incoming.check(this.#options.metric, rooms), this.slices);
  }

  async #addStaged(rows: Rows, vectors: VectorSource, expected: number): Promise<void> {
    this.#stager ??= new Stager(this.#options, rows, this.#signal, this.slices, this.#sink);
    await this.#stager.add(vectors, this.#count, this.rooms, expected);
    this.#count += countVectors(vectors);
  }

  /** Gives back what rows were settled in. To be called however it ended. */
  end(): void {
    this.#stager?.end();
  }

  /** Gives the rows their ids; from then on they are there. */
  async finish(ids: IdsToEnter): Promise<void> {
    if (this.#rows) await this.#finish(this, this.#rows, ids);
    else checkIdCount(ids.ids, 0);
  }
}

/** Brings vectors in that are not kept as float32, some at a time. */
class Stager {
  readonly #options: ChangesOptions;
  readonly #rows: Rows;
  readonly #signal: AbortSignal;
  readonly #slices: TimeSlices;
  readonly #sink: RowSink | undefined;
  #staging: Segment | undefined;

  constructor(options: ChangesOptions, rows: Rows, signal: AbortSignal, slices: TimeSlices, sink?: RowSink) {
    this.#options = options;
    this.#rows = rows;
    this.#signal = signal;
    this.#slices = slices;
    this.#sink = sink;
  }

  /** Adds their rooms to `rooms`, those of a failed call too. */
  async add(
    vectors: VectorSource,
    position: number,
    rooms: RowRoom[],
    expected = countVectors(vectors),
  ): Promise<void> {
    const { metric, bringIn, withMemory } = this.#options;
    const rows = this.#rows;
    const { dims } = rows;
    const wanted = Math.min(countVectors(vectors), stagedRows(dims));
    if (this.#staging && this.#staging.layout.capacity < wanted) this.end();
    const staging = this.#staging ?? (await withMemory(() => rows.createStaging(wanted)));
    this.#staging = staging;
    for (const [some, first] of stagedPortions(vectors, dims)) {
      const incoming = new IncomingVectors(some, dims, position + first);
      await doInSlices(incoming.look(), this.#slices);
      const staged = [{ segment: staging, first: 0, count: incoming.sound }];
      await bringIn(rows, incoming, staged, this.#signal);
      await doInSlices(incoming.check(metric, staged), this.#slices);
      const form = this.#sink ? 'elsewhere' : undefined;
      const own = await withMemory(() => reserveRooms(rows, incoming.sound, expected - first, form));
      rooms.push(...own);
      await doInSlices(copyKeptRows(staging, own), this.#slices);
      await this.#sink?.(staging, incoming.sound);
    }
  }

  /** Gives the memory back. */
  end(): void {
    if (this.#staging) this.#rows.discardStaging(this.#staging);
    this.#staging = undefined;
  }
}

function reserveRooms(rows: Rows, count: number, expected = count, form?: RowForm): RowRoom[] {
  const rooms: RowRoom[] = [];
  try {
    for (let done = 0; done < count; ) {
      const room = rows.reserve(count - done, expected - done, form);
      rooms.push(room);
      done += room.count;
    }
  } catch (error) {
    rows.drop(rooms);
    throw error;
  }
  return rooms;
}
