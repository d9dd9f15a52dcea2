/**
 * How the JavaScript graph kernel changes lists, as assembly/graph/insert.ts, prune.ts, link.ts and mend.ts have it: the same steps in
 * the same order.
 */
import { BUSY, DONE, MORE } from './graph-kernel.js';
import { GRAPH, NONE, SCRATCH, TAIL } from './graph-layout.js';
import { type GraphViews, type GraphWords, isRow, NeighbourList } from './javascript-lists.js';
import { distancesOf, Scratch, useRow, Walk } from './javascript-search.js';

const REFUSED = 3;
const PHASE = { search: 1, twin: 2, choose: 3, own: 4, link: 5, force: 6 } as const;
const { fround } = Math;

interface Candidate {
  readonly row: number;
  readonly distance: number;
  /** It and others of these do not occlude each other. */
  readonly apart: boolean;
}

function apartWord(graph: GraphWords, row: number): number {
  return (graph.records + row * graph.stride + graph.tail + TAIL.apart) / 4;
}

/** A thread's work on lists, by its scratch. */
export class Insertion {
  readonly #views: GraphViews;
  readonly #graph: GraphWords;
  readonly #scratch: Scratch;
  readonly #walk: Walk;
  readonly #tag: number;

  constructor(views: GraphViews, graph: number, scratch: number, tag: number) {
    this.#views = views;
    this.#graph = views.graph(graph);
    this.#scratch = new Scratch(views, scratch);
    this.#walk = new Walk(views, this.#graph, this.#scratch);
    this.#tag = tag;
  }

  #list(row: number): NeighbourList {
    return new NeighbourList(this.#views, this.#graph, row);
  }

  #parentOf(row: number): number {
    return this.#views.parentOf(this.#graph, row);
  }

  #setParent(row: number, parent: number): void {
    this.#views.setParent(this.#graph, row, parent);
  }

  #apartOf(row: number): number {
    return this.#views.words[apartWord(this.#graph, row)]!;
  }

  #setApart(row: number, count: number): void {
    this.#views.words[apartWord(this.#graph, row)] = count;
  }

  #replace(row: number, list: NeighbourList, kept: readonly number[], candidates: readonly Candidate[]): void {
    const rows = this.#fill(kept, candidates);
    this.#setApart(row, 0);
    list.replace(rows);
    if (rows.length === kept.length) this.#setApart(row, rows.length);
  }

  begin(row: number, effort: number, lost: boolean): number {
    const graph = this.#graph;
    const { words } = this.#views;
    const entry = (graph.base + GRAPH.entries) / 4;
    const parent = this.#parentOf(row);
    if (parent !== row && parent !== NONE && !(isRow(graph, parent) && this.#list(parent).has(row))) {
      this.#setParent(row, NONE);
    }
    if (Atomics.load(words, entry) === NONE) {
      this.#setParent(row, row);
      if (Atomics.compareExchange(words, entry, NONE, row) === NONE) return DONE;
      this.#setParent(row, NONE);
    }
    useRow(this.#views, graph, row, this.#scratch.part('query'));
    this.#walk.begin(effort, effort, 0, lost);
    this.#scratch.set(SCRATCH.phase, PHASE.search);
    return MORE;
  }

  goOn(budget: number): number {
    const scratch = this.#scratch;
    const row = scratch.get(SCRATCH.row);
    const next = (phase: number) => {
      scratch.set(SCRATCH.index, 0);
      scratch.set(SCRATCH.phase, phase);
    };
    for (let left = budget; left > 0; ) {
      const index = scratch.get(SCRATCH.index);
      const kept = this.#kept();
      switch (scratch.get(SCRATCH.phase)) {
        case PHASE.search: {
          const step = Math.min(left, 1024);
          left -= step;
          if (this.#walk.search(step)) break;
          this.#walk.leaveOut(row);
          scratch.set(SCRATCH.keptCount, 0);
          next(scratch.get(SCRATCH.length) && scratch.distance(0) === 0 ? PHASE.twin : PHASE.choose);
          break;
        }
        case PHASE.twin: {
          left--;
          const result = this.#linkToTwin(row);
          if (result !== REFUSED) return result;
          next(PHASE.choose);
          break;
        }
        case PHASE.choose: {
          if (index >= scratch.get(SCRATCH.length)) {
            for (const one of this.#fill(kept, this.#candidates(0)).slice(kept.length)) this.#keep(one);
            next(PHASE.own);
            break;
          }
          const rest = this.#candidates(index);
          left -= kept.length + 1;
          if (this.#isKept(row, rest[0]!, kept.length, kept, this.#reserved(row, rest))) this.#keep(rest[0]!.row);
          scratch.set(SCRATCH.index, index + 1);
          break;
        }
        case PHASE.own: {
          if (this.#linkOwn(row, kept) === BUSY) return BUSY;
          next(PHASE.link);
          break;
        }
        case PHASE.link: {
          if (index < kept.length) {
            if (this.#linkFrom(kept[index]!, row) === BUSY) return BUSY;
            left -= 64;
            scratch.set(SCRATCH.index, index + 1);
            break;
          }
          if (this.#parentOf(row) !== NONE || !kept.length) return DONE;
          next(PHASE.force);
          break;
        }
        default: {
          if (index >= kept.length) {
            next(PHASE.link);
            break;
          }
          const result = this.#splice(kept[index]!, row, false);
          if (result !== REFUSED) return result;
          left--;
          scratch.set(SCRATCH.index, index + 1);
        }
      }
    }
    return MORE;
  }

  mend(row: number, live: number, effort: number): number {
    const list = this.#list(row);
    const isLive = (one: number) =>
      isRow(this.#graph, one) && (this.#views.bytes[live + (one >>> 3)]! >> (one & 7)) & 1;
    if (this.#rows(list).every(isLive)) return DONE;
    if (!list.lock(this.#tag)) return BUSY;
    useRow(this.#views, this.#graph, row, this.#scratch.part('query'));
    this.#walk.reset(effort, effort, live);
    const rows: number[] = [];
    this.#walk.addNeighbours(row, rows);
    this.#walk.score(rows);
    this.#walk.expandFiltered();
    this.#walk.leaveOut(row);
    const candidates = this.#candidates(0);
    this.#replace(row, list, this.#prune(row, candidates), candidates);
    list.unlock();
    return DONE;
  }

  #rows(list: NeighbourList): number[] {
    return Array.from({ length: list.count }, (_, i) => list.get(i));
  }

  #candidates(first: number): Candidate[] {
    const count = this.#scratch.get(SCRATCH.length) - first;
    return Array.from({ length: count }, (_, i) => ({
      row: this.#scratch.row(first + i),
      distance: this.#scratch.distance(first + i),
      apart: false,
    }));
  }

  #kept(): number[] {
    const at = this.#scratch.part('kept') / 4;
    return Array.from(this.#views.words.subarray(at, at + this.#scratch.get(SCRATCH.keptCount)));
  }

  #keep(row: number): void {
    const count = this.#scratch.get(SCRATCH.keptCount);
    this.#views.words[this.#scratch.part('kept') / 4 + count] = row;
    this.#scratch.set(SCRATCH.keptCount, count + 1);
  }

  #reserved(row: number, candidates: readonly Candidate[]): number {
    return candidates.filter((one) => this.#parentOf(one.row) === row).length;
  }

  #isKept(row: number, candidate: Candidate, keptCount: number, others: readonly number[], reserved: number): boolean {
    const { degree, alpha } = this.#graph;
    if (keptCount >= degree) return false;
    if (reserved && this.#parentOf(candidate.row) === row) return true;
    if (keptCount + reserved >= degree) return false;
    const query = this.#scratch.part('pruneQuery');
    useRow(this.#views, this.#graph, candidate.row, query);
    const between = distancesOf(this.#views, this.#graph, query, others);
    return !between.some((one) => fround(alpha * one) < candidate.distance);
  }

  #prune(row: number, candidates: readonly Candidate[]): number[] {
    const kept: number[] = [];
    const loose: number[] = [];
    let reserved = this.#reserved(row, candidates);
    for (const candidate of candidates) {
      if (this.#isKept(row, candidate, kept.length, candidate.apart ? loose : kept, reserved)) {
        kept.push(candidate.row);
        if (!candidate.apart) loose.push(candidate.row);
      }
      if (reserved && this.#parentOf(candidate.row) === row) reserved--;
    }
    return kept;
  }

  /** Fills half of a list with the nearest candidates that pruning has left out. */
  #fill(kept: readonly number[], candidates: readonly Candidate[]): number[] {
    const missing = Math.max(0, (this.#graph.degree >> 1) - kept.length);
    const left = candidates.map(({ row }) => row).filter((row) => !kept.includes(row));
    return [...kept, ...left.slice(0, missing)];
  }

  #link(row: number, other: number): number {
    const list = this.#list(row);
    if (!list.lock(this.#tag)) return BUSY;
    let result: number = DONE;
    if (!list.has(other)) {
      if (list.count < this.#graph.degree) list.append(other);
      else result = this.#linkToFull(row, other, list);
    }
    list.unlock();
    return result;
  }

  #linkToFull(row: number, other: number, list: NeighbourList): number {
    const present = this.#rows(list);
    const rows = [other, ...present.filter((one) => isRow(this.#graph, one) && one !== row)];
    const apart = rows.length > present.length ? this.#apartOf(row) : 0;
    const query = this.#scratch.part('pruneQuery');
    useRow(this.#views, this.#graph, row, query);
    const distances = distancesOf(this.#views, this.#graph, query, rows);
    const sorted = rows
      .map((one, i) => ({ row: one, distance: distances[i]!, apart: i > 0 && i <= apart }))
      .sort((a, b) => a.distance - b.distance);
    // More children than a list has room for.
    if (this.#reserved(row, sorted) > this.#graph.degree) return REFUSED;
    this.#replace(row, list, this.#prune(row, sorted), sorted);
    return list.has(other) ? DONE : REFUSED;
  }

  #splice(above: number, row: number, twins: boolean): number {
    const list = this.#list(above);
    const own = this.#list(row);
    if (!list.lock(this.#tag)) return BUSY;
    if (!own.lock(this.#tag)) {
      list.unlock();
      return BUSY;
    }
    let result = REFUSED;
    const i = this.#childOf(above, row, list, twins);
    if (i >= 0) {
      const child = list.get(i);
      if (this.#takeIn(row, own, child)) {
        this.#setParent(row, above);
        this.#setParent(child, row);
        this.#setApart(above, 0);
        list.overwrite(i, row);
        result = DONE;
      }
    }
    own.unlock();
    list.unlock();
    return result;
  }

  #childOf(above: number, row: number, list: NeighbourList, twins: boolean): number {
    return this.#rows(list).findIndex((one) => {
      if (!isRow(this.#graph, one) || one === row || one === above || this.#parentOf(one) !== above) return false;
      return !twins || distancesOf(this.#views, this.#graph, this.#scratch.part('query'), [one])[0] === 0;
    });
  }

  #takeIn(row: number, list: NeighbourList, other: number): boolean {
    if (list.has(other)) return true;
    if (list.count < this.#graph.degree) {
      list.append(other);
      return true;
    }
    const i = this.#rows(list).findIndex((one) => !isRow(this.#graph, one) || this.#parentOf(one) !== row);
    if (i < 0) return false;
    this.#setApart(row, 0);
    list.overwrite(i, other);
    return true;
  }

  #linkOwn(row: number, kept: readonly number[]): number {
    const list = this.#list(row);
    if (!list.lock(this.#tag)) return BUSY;
    for (const other of kept) {
      if (list.count >= this.#graph.degree) break;
      if (!list.has(other)) list.append(other);
    }
    list.unlock();
    return DONE;
  }

  #linkFrom(other: number, row: number): number {
    const orphan = this.#parentOf(row) === NONE;
    if (orphan) this.#setParent(row, other);
    const result = this.#link(other, row);
    if (orphan && result !== DONE) this.#setParent(row, NONE);
    return result;
  }

  #linkToTwin(row: number): number {
    const twin = this.#scratch.row(0);
    if (this.#linkOwn(row, [twin]) === BUSY) return BUSY;
    if (this.#parentOf(row) !== NONE) return DONE;
    const result = this.#splice(twin, row, true);
    return result === REFUSED ? this.#linkFrom(twin, row) : result;
  }
}
