/**
 * A map whose keys are in order: a list of short sorted lists, so that no step takes long however many keys there are.
 */

/** Each list has one key at least, and its last key is before the first of the next list. */
interface Chunk<Key, Value> {
  readonly keys: Key[];
  readonly values: Value[];
}

const MOST = 512;
/** Least length of a run. A shorter one would leave lists that are too short. */
const LEAST_RUN = MOST / 4;

export class SortedMap<Key, Value> {
  /** Negative where `a` comes first, 0 for the same key. */
  readonly #compare: (a: Key, b: Key) => number;
  readonly #chunks: Chunk<Key, Value>[] = [];
  #size = 0;

  constructor(compare: (a: Key, b: Key) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Key): Value | undefined {
    const chunk = this.#chunks[this.#chunkFor(key)];
    if (!chunk) return undefined;
    const at = this.#placeOf(chunk, key);
    return this.#isAt(chunk, at, key) ? chunk.values[at] : undefined;
  }

  /** Adds a key, or changes its value. */
  set(key: Key, value: Value): void {
    if (this.#chunks.length === 0) this.#chunks.push({ keys: [], values: [] });
    const index = Math.min(this.#chunkFor(key), this.#chunks.length - 1);
    const chunk = this.#chunks[index]!;
    const at = this.#placeOf(chunk, key);
    if (this.#isAt(chunk, at, key)) {
      chunk.values[at] = value;
      return;
    }
    this.#size++;
    if (chunk.keys.length < MOST) {
      insert(chunk, at, key, value);
    } else if (at === MOST) {
      // Keys that come in order fill their lists.
      this.#chunks.splice(index + 1, 0, { keys: [key], values: [value] });
    } else {
      const half = MOST / 2;
      const upper = { keys: chunk.keys.splice(half), values: chunk.values.splice(half) };
      this.#chunks.splice(index + 1, 0, upper);
      if (at <= half) insert(chunk, at, key, value);
      else insert(upper, at - half, key, value);
    }
  }

  /** Adds keys in order, none of which is there, nor any key between the first and the last of them. */
  addRun(keys: readonly Key[], values: readonly Value[]): void {
    if (keys.length < LEAST_RUN) {
      for (const [i, key] of keys.entries()) this.set(key, values[i]!);
      return;
    }
    const index = this.#chunkFor(keys[0]!);
    const next = this.#chunks[index];
    const at = next ? this.#placeOf(next, keys[0]!) : 0;
    const before = at > 0 ? [{ keys: next!.keys.splice(0, at), values: next!.values.splice(0, at) }] : [];
    const run: Chunk<Key, Value>[] = [];
    for (let first = 0; first < keys.length; first += MOST) {
      run.push({ keys: keys.slice(first, first + MOST), values: values.slice(first, first + MOST) });
    }
    this.#chunks.splice(index, 0, ...before, ...run);
    this.#size += keys.length;
  }

  delete(key: Key): void {
    const index = this.#chunkFor(key);
    const chunk = this.#chunks[index];
    if (!chunk) return;
    const at = this.#placeOf(chunk, key);
    if (!this.#isAt(chunk, at, key)) return;
    chunk.keys.splice(at, 1);
    chunk.values.splice(at, 1);
    this.#size--;
    if (chunk.keys.length === 0) this.#chunks.splice(index, 1);
  }

  /** The last key before `key`. */
  before(key: Key): Key | undefined {
    const index = this.#chunkFor(key);
    const chunk = this.#chunks[index];
    const at = chunk ? this.#placeOf(chunk, key) : 0;
    return at > 0 ? chunk!.keys[at - 1] : this.#chunks[index - 1]?.keys.at(-1);
  }

  /** Keys and values in order, from `first` on. Keys may come and go between two steps; one that is there all the time is met once. */
  *from(first?: Key): Generator<{ readonly key: Key; readonly value: Value }, undefined> {
    let next = first;
    let isMet = false;
    for (;;) {
      const chunk = this.#chunks[next === undefined ? 0 : this.#chunkFor(next, isMet)];
      if (!chunk) return;
      let at = next === undefined ? 0 : this.#placeOf(chunk, next);
      if (isMet && this.#isAt(chunk, at, next!)) at++;
      const keys = chunk.keys.slice(at);
      const values = chunk.values.slice(at);
      for (const [i, key] of keys.entries()) yield { key, value: values[i]! };
      next = keys.at(-1) ?? next;
      isMet = true;
    }
  }

  /** The first list whose last key is `key` or behind it (with `isMet` only behind it); the number of lists where there is none. */
  #chunkFor(key: Key, isMet = false): number {
    let [low, high] = [0, this.#chunks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(this.#chunks[middle]!.keys.at(-1)!, key);
      if (order < 0 || (isMet && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first place in a list whose key is `key` or behind it. */
  #placeOf({ keys }: Chunk<Key, Value>, key: Key): number {
    let [low, high] = [0, keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(keys[middle]!, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isAt({ keys }: Chunk<Key, Value>, at: number, key: Key): boolean {
    return at < keys.length && this.#compare(keys[at]!, key) === 0;
  }
}

function insert<Key, Value>({ keys, values }: Chunk<Key, Value>, at: number, key: Key, value: Value): void {
  keys.splice(at, 0, key);
  values.splice(at, 0, value);
}
