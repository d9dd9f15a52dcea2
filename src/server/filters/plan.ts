/**
 * How a filter is judged: by payload indexes as far as there are any, and by the payloads of what those leave over.
 */
import { TimeSlices } from '../../base/time.js';
import type { PointId } from '../collections/point-id.js';
import { Bits } from './bits.js';
import type { Condition, Filter } from './condition.js';
import type { PayloadIndex } from './payload-index.js';

/** Sets joined between two looks at the clock. */
const STRIDE = 64;

/** Inputs of a plan. */
export interface PlanSource {
  /** Number of slots, free ones included. */
  readonly capacity: number;
  readonly size: number;
  slotOf(id: PointId): number | undefined;
  /** Indexes that are complete. */
  readonly indexes: Iterable<PayloadIndex>;
}

export interface FilterPlan {
  /** Every point that may pass is in it; undefined for all points. */
  readonly candidates: Bits | undefined;
  /** Whether every candidate passes, so that no payload is looked at. */
  readonly isExact: boolean;
  /** Description of the plan, for people. */
  readonly explanation: {
    /** `index`: nothing but indexes; `index, then payloads`: the payloads of candidates; `payloads`: those of all points that are met. */
    readonly by: 'index' | 'index, then payloads' | 'payloads';
    readonly indexes: readonly string[];
    readonly candidates: number;
    readonly points: number;
  };
}

/** The points that a condition or a filter may pass, as far as indexes know. */
interface Part {
  readonly bits: Bits;
  readonly isExact: boolean;
}

export async function planFilter(filter: Filter, source: PlanSource): Promise<FilterPlan> {
  const used = new Set<string>();
  const planner = new Planner(source, used);
  const part = await planner.filter(filter);
  const points = source.size;
  const indexes = [...used];
  if (!part) {
    return {
      candidates: undefined,
      isExact: false,
      explanation: { by: 'payloads', indexes, candidates: points, points },
    };
  }
  const by = part.isExact ? 'index' : 'index, then payloads';
  return {
    candidates: part.bits,
    isExact: part.isExact,
    explanation: { by, indexes, candidates: part.bits.count, points },
  };
}

class Planner {
  readonly #source: PlanSource;
  readonly #indexes: readonly PayloadIndex[];
  readonly #used: Set<string>;
  readonly #slices = new TimeSlices();
  /** Slots may be added while the plan is made; they are not in it, as the search does not see them either. */
  readonly #capacity: number;

  constructor(source: PlanSource, used: Set<string>) {
    this.#source = source;
    this.#capacity = source.capacity;
    this.#indexes = [...source.indexes];
    this.#used = used;
  }

  /** Candidates of a filter; undefined where indexes say nothing. */
  async filter({ must, should, mustNot, minShould }: Filter): Promise<Part | undefined> {
    const parts: Part[] = [];
    let isExact = mustNot.length === 0 && minShould === undefined;
    for (const condition of must) {
      const part = await this.#condition(condition);
      if (part) parts.push(part);
      isExact &&= part?.isExact ?? false;
    }
    if (should.length > 0) {
      const part = await this.#oneOf(should);
      if (part) parts.push(part);
      isExact &&= part?.isExact ?? false;
    }
    const [first, ...others] = parts;
    if (!first) return undefined;
    for (const { bits } of others) first.bits.intersect(bits);
    return { bits: first.bits, isExact };
  }

  /** Union of the candidates of all conditions; undefined unless every condition is known. */
  async #oneOf(conditions: readonly Condition[]): Promise<Part | undefined> {
    const joined = new Bits(this.#capacity);
    let isExact = true;
    for (const condition of conditions) {
      const part = await this.#condition(condition);
      if (!part) return undefined;
      joined.addWords(part.bits.words, 0);
      isExact &&= part.isExact;
    }
    return { bits: joined, isExact };
  }

  async #condition(condition: Condition): Promise<Part | undefined> {
    if (condition.kind === 'filter') return this.filter(condition.filter);
    const bits = new Bits(this.#capacity);
    if (condition.kind === 'ids') {
      for (const id of condition.ids) {
        const slot = this.#source.slotOf(id);
        if (slot !== undefined) bits.add(slot);
      }
      return { bits, isExact: true };
    }
    const { text } = condition.path;
    for (const index of this.#indexes) {
      const found = index.path.text === text ? index.slotsOf(condition) : undefined;
      if (!found) continue;
      this.#used.add(`${text} (${index.type})`);
      let joined = 0;
      for (const set of found.sets) {
        set.addTo(bits);
        if (++joined % STRIDE === 0 && this.#slices.isDue()) await this.#slices.nextTurn();
      }
      return { bits, isExact: found.isExact };
    }
    return undefined;
  }
}
