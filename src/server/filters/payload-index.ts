/**
 * The index of a field of payloads: for every value the points that have it. It is kept in memory only, and made anew from the payloads when a
 * collection is opened; until then filters look at the payloads themselves.
 */
import type { JsonObject, JsonValue } from '../collections/payload.js';
import { SortedMap } from '../collections/sorted-map.js';
import type { Bounds, Condition } from './condition.js';
import { type Path, singleValuesAt } from './path.js';
import { dateOf, tokensOf } from './scalars.js';
import { SlotSet } from './slot-set.js';

export const INDEX_TYPES = ['keyword', 'integer', 'float', 'bool', 'datetime', 'uuid', 'text'] as const;
export type IndexType = (typeof INDEX_TYPES)[number];

type Key = string | number;

export class PayloadIndex {
  readonly path: Path;
  readonly type: IndexType;
  readonly #byKey = new SortedMap<Key, SlotSet>(compareKeys);
  #points = 0;

  constructor(path: Path, type: IndexType) {
    this.path = path;
    this.type = type;
  }

  /** Points that have a value of the index's type. */
  get points(): number {
    return this.#points;
  }

  add(slot: number, payload: JsonObject): void {
    const keys = this.#keysOf(payload);
    if (keys.size > 0) this.#points++;
    for (const key of keys) {
      let slots = this.#byKey.get(key);
      if (!slots) {
        slots = new SlotSet();
        this.#byKey.set(key, slots);
      }
      slots.add(slot);
    }
  }

  /** @param payload the one that the point was added with */
  delete(slot: number, payload: JsonObject): void {
    const keys = this.#keysOf(payload);
    if (keys.size > 0) this.#points--;
    for (const key of keys) {
      const slots = this.#byKey.get(key);
      slots?.delete(slot);
      if (slots?.size === 0) this.#byKey.delete(key);
    }
  }

  /**
   * The sets whose union has every point for which a condition holds; undefined where the index cannot tell. `isExact`: it has no others.
   */
  slotsOf(condition: Condition): { readonly sets: Iterable<SlotSet>; readonly isExact: boolean } | undefined {
    switch (condition.kind) {
      case 'value':
        return this.#ofValues([condition.value]);
      case 'any':
        return this.#ofValues(condition.values);
      case 'text': {
        // Only the rarest word is looked up. The payload tells whether the other words are in the same text.
        if (this.type !== 'text') return undefined;
        const sets = condition.tokens.map((token) => this.#byKey.get(token));
        if (sets.length === 0 || sets.includes(undefined)) return { sets: [], isExact: true };
        const [rarest] = (sets as SlotSet[]).toSorted((a, b) => a.size - b.size);
        return { sets: [rarest!], isExact: sets.length === 1 };
      }
      case 'range': {
        const { kind } = condition.bounds;
        const fits = kind === 'dates' ? this.type === 'datetime' : this.type === 'integer' || this.type === 'float';
        return fits ? { sets: this.#within(condition.bounds), isExact: true } : undefined;
      }
      default:
        return undefined;
    }
  }

  #ofValues(values: Iterable<JsonValue>): { readonly sets: SlotSet[]; readonly isExact: boolean } | undefined {
    const sets: SlotSet[] = [];
    for (const value of values) {
      const key = this.#isOfType(value) ? exactKey(value) : undefined;
      // Values of another type may be in payloads all the same.
      if (key === undefined || this.type === 'text' || this.type === 'datetime') return undefined;
      const slots = this.#byKey.get(key);
      if (slots) sets.push(slots);
    }
    return { sets, isExact: true };
  }

  *#within({ above, from, below, to }: Bounds): Generator<SlotSet> {
    const least = Math.max(above, from);
    for (const { key, value } of this.#byKey.from(least)) {
      if ((key as number) > to || (key as number) >= below) return;
      if ((key as number) > above) yield value;
    }
  }

  #keysOf(payload: JsonObject): Set<Key> {
    const keys = new Set<Key>();
    for (const leaf of singleValuesAt(payload, this.path)) {
      if (!this.#isOfType(leaf)) continue;
      if (this.type === 'text') for (const token of tokensOf(leaf as string)) keys.add(token);
      else if (this.type === 'datetime') addDefined(keys, dateOf(leaf as string));
      else addDefined(keys, exactKey(leaf));
    }
    return keys;
  }

  #isOfType(value: JsonValue): boolean {
    switch (this.type) {
      case 'integer':
      case 'float':
        return typeof value === 'number';
      case 'bool':
        return typeof value === 'boolean';
      default:
        return typeof value === 'string';
    }
  }
}

function exactKey(value: JsonValue): Key | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function addDefined(keys: Set<Key>, key: Key | undefined): void {
  if (key !== undefined) keys.add(key);
}

function compareKeys(a: Key, b: Key): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
