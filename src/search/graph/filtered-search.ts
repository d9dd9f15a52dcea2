/**
 * Filtered searches through a graph. A walk goes as if there were no filter. Then the filter is asked about the rows that the walk met,
 * nearest first. If few of them pass, a longer walk follows. If too few pass, the caller scans instead.
 */
import { TimeSlices } from '../../base/time.js';
import type { SearchFilter } from '../search-filter.js';
import type { RankedRows } from '../search-hits.js';
import { partOf, type SearchHits } from '../search-hits.js';
import type { PassRows } from '../search-pass.js';
import type { GraphRequest } from './graph-searches.js';

/** All candidates of a walk, and what their slots mean. */
interface Candidates {
  readonly ranked: RankedRows;
  readonly rows: PassRows;
}

export interface FilteredSearch {
  /** The candidates of one query, on the calling thread; undefined where those are too many. */
  readonly walk: (request: GraphRequest, query: number, effort: number) => Candidates | Promise<Candidates> | undefined;
  readonly hitsOf: (candidates: Candidates, request: GraphRequest, query: number) => SearchHits;
  /** Rows of the graph. */
  readonly live: number;
}

/** A longer walk than this, or one that meets more than such a part of the graph, is no faster than a scan. */
const MAX_FILTERED_EFFORT = 2048;
const LARGEST_PART = 1 / 16;
/** The next walk is to have enough at once. */
const SURPLUS = 1.2;
const ASKED_AT_ONCE = 32;

/** Gives the hits; undefined where for some query too few rows pass. Throws what the filter throws; rejects with `signal.reason`. */
export async function searchFiltered(
  request: GraphRequest,
  filter: SearchFilter,
  search: FilteredSearch,
): Promise<SearchHits[] | undefined> {
  const slices = new TimeSlices(request.signal);
  const longest = Math.max(request.effort, Math.min(MAX_FILTERED_EFFORT, search.live * LARGEST_PART));
  const hits: SearchHits[] = [];
  for (let query = 0; query < request.queries.count; query++) {
    let effort = request.effort;
    for (;;) {
      const walking = search.walk(request, query, effort);
      const walked = walking instanceof Promise ? await walking : walking;
      if (!walked) return undefined;
      const { ranked, rows } = walked;
      const passing: number[] = [];
      for (let i = 0; i < ranked.slots.length; i++) {
        const part = partOf(ranked.slots[i]!, rows.firstSlots);
        if (filter.accepts(rows.segments[part]!, ranked.slots[i]! - rows.firstSlots[part]!)) passing.push(i);
        // The time of a predicate is not known, so the clock is read often.
        if (i % ASKED_AT_ONCE === 0 && slices.isDue()) await slices.nextTurn();
      }
      // As many candidates as without a filter: then as many of the true hits are among them.
      const wanted = Math.min(request.effort, ranked.slots.length);
      if (passing.length >= request.k && (passing.length >= wanted || effort >= longest)) {
        const kept = {
          keys: Float64Array.from(passing.slice(0, request.k), (i) => ranked.keys[i]!),
          slots: Float64Array.from(passing.slice(0, request.k), (i) => ranked.slots[i]!),
          rowsScored: ranked.rowsScored,
        };
        hits.push(search.hitsOf({ ranked: kept, rows }, request, query));
        break;
      }
      const needed = Math.ceil((SURPLUS * effort * request.effort) / Math.max(1, passing.length));
      if (effort >= longest || needed > longest) return undefined;
      effort = needed;
    }
    if (slices.isDue()) await slices.nextTurn();
  }
  return hits;
}
