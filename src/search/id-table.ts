/**
 * The places of an id: segment and row. It is a hash table made of many small ones (extendible hashing), so that no single
 * step takes long however many ids there are. A Map would copy everything when it grows.
 *
 * An id may have several places at a time: one that everybody sees, one of a change that is not published yet, and some that
 * are gone. Whoever asks says which will do.
 */
import type { VectorId } from '../vectors/vector-id.js';

/** A row of a segment, in one number: segment × 2³² + row. */
export type Place = number;

const SEGMENT = 2 ** 32;

export function placeOf(segment: number, row: number): Place {
  return segment * SEGMENT + row;
}

export function segmentOf(place: Place): number {
  return Math.floor(place / SEGMENT);
}

export function rowOf(place: Place): number {
  return place % SEGMENT;
}

/** Slots: hash, segment + 1 (0: a free slot), row. */
interface Bucket {
  /** Leading bits of the hash that all its entries have in common. */
  depth: number;
  words: Uint32Array;
  used: number;
}

const FIRST_SLOTS = 8;
/** Most slots of a bucket. It is split when it fills. */
const MAX_SLOTS = 2048;
/** Beyond this, ids whose hashes are alike are to blame: buckets grow then. */
const MAX_DEPTH = 24;

export class IdTable {
  readonly #idAt: (segment: number, row: number) => VectorId;
  /** A random seed, so that no outsider knows which ids collide. */
  readonly #seed = Math.floor(Math.random() * SEGMENT);
  #depth = 0;
  /** 2^depth buckets, by the leading bits of a hash. */
  #buckets: Bucket[] = [createBucket(0)];
  #size = 0;

  /** Bytes of all slots. */
  get byteLength(): number {
    let bytes = 0;
    let before: Bucket | undefined;
    for (const bucket of this.#buckets) {
      if (bucket !== before) bytes += bucket.words.byteLength;
      before = bucket;
    }
    return bytes;
  }

  /** @param idAt the id in a place that was added */
  constructor(idAt: (segment: number, row: number) => VectorId) {
    this.#idAt = idAt;
  }

  /** A place of `id` that will do, or -1. */
  find(id: VectorId, willDo: (segment: number, row: number) => boolean): Place {
    const hash = hashOf(id, this.#seed);
    const { words } = this.#bucketOf(hash);
    const mask = words.length / 3 - 1;
    for (let slot = hash & mask; words[3 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      if (words[3 * slot] !== hash) continue;
      const segment = words[3 * slot + 1]! - 1;
      const row = words[3 * slot + 2]!;
      if (willDo(segment, row) && this.#idAt(segment, row) === id) return placeOf(segment, row);
    }
    return -1;
  }

  add(id: VectorId, place: Place): void {
    const hash = hashOf(id, this.#seed);
    let bucket = this.#bucketOf(hash);
    while (4 * (bucket.used + 1) > bucket.words.length) {
      this.#makeRoom(bucket);
      bucket = this.#bucketOf(hash);
    }
    put(bucket, hash, segmentOf(place) + 1, rowOf(place));
    this.#size++;
  }

  /** Takes away one entry; does nothing where it is not there. */
  delete(id: VectorId, place: Place): void {
    const hash = hashOf(id, this.#seed);
    const bucket = this.#bucketOf(hash);
    const { words } = bucket;
    const mask = words.length / 3 - 1;
    const [segment, row] = [segmentOf(place) + 1, rowOf(place)];
    let slot = hash & mask;
    while (words[3 * slot + 1] !== segment || words[3 * slot + 2] !== row) {
      if (words[3 * slot + 1] === 0) return;
      slot = (slot + 1) & mask;
    }
    takeOut(words, slot, mask);
    bucket.used--;
    if (--this.#size === 0) {
      this.#depth = 0;
      this.#buckets = [createBucket(0)];
    }
  }

  #bucketOf(hash: number): Bucket {
    return this.#buckets[this.#depth === 0 ? 0 : hash >>> (32 - this.#depth)]!;
  }

  #makeRoom(bucket: Bucket): void {
    const slots = bucket.words.length / 3;
    if (slots < MAX_SLOTS || bucket.depth === MAX_DEPTH) {
      const { words } = bucket;
      bucket.words = new Uint32Array(6 * slots);
      bucket.used = 0;
      moveAll(words, () => bucket);
      return;
    }
    if (bucket.depth === this.#depth) {
      this.#buckets = this.#buckets.flatMap((each) => [each, each]);
      this.#depth++;
    }
    const depth = bucket.depth + 1;
    const halves = [createBucket(depth, slots), createBucket(depth, slots)] as const;
    const halfOf = (hash: number) => halves[(hash >>> (32 - depth)) & 1]!;
    const first = this.#buckets.indexOf(bucket);
    const count = 2 ** (this.#depth - bucket.depth);
    for (let i = 0; i < count; i++) this.#buckets[first + i] = halves[i < count / 2 ? 0 : 1];
    moveAll(bucket.words, halfOf);
  }
}

function createBucket(depth: number, slots = FIRST_SLOTS): Bucket {
  return { depth, words: new Uint32Array(3 * slots), used: 0 };
}

function put(bucket: Bucket, hash: number, segment: number, row: number): void {
  const { words } = bucket;
  const mask = words.length / 3 - 1;
  let slot = hash & mask;
  while (words[3 * slot + 1] !== 0) slot = (slot + 1) & mask;
  words[3 * slot] = hash;
  words[3 * slot + 1] = segment;
  words[3 * slot + 2] = row;
  bucket.used++;
}

function moveAll(words: Uint32Array, target: (hash: number) => Bucket): void {
  for (let i = 0; i < words.length; i += 3) {
    if (words[i + 1] !== 0) put(target(words[i]!), words[i]!, words[i + 1]!, words[i + 2]!);
  }
}

/** Frees a slot, and moves those behind it up, so that no search ends too early (Knuth, The Art of Computer Programming, 6.4 R). */
function takeOut(words: Uint32Array, slot: number, mask: number): void {
  let free = slot;
  for (let next = (slot + 1) & mask; words[3 * next + 1] !== 0; next = (next + 1) & mask) {
    const home = words[3 * next]! & mask;
    // It stays where it is if its home lies behind the free slot.
    if (((next - home) & mask) < ((next - free) & mask)) continue;
    words.copyWithin(3 * free, 3 * next, 3 * next + 3);
    free = next;
  }
  words[3 * free + 1] = 0;
}

function hashOf(id: VectorId, seed: number): number {
  let hash = seed;
  if (typeof id === 'number') {
    hash = mix(hash ^ (id | 0));
    hash = mix(hash ^ Math.floor(id / SEGMENT));
  } else {
    for (let i = 0; i < id.length; i++) {
      hash = Math.imul(hash ^ id.charCodeAt(i), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    hash = mix(hash ^ id.length);
  }
  return hash >>> 0;
}

/** The finalizer of MurmurHash3 (Appleby): every bit of the result depends on every bit of the number. */
function mix(number: number): number {
  let bits = number | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
