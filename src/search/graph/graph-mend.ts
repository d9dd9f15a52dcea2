/**
 * Takes removed rows out of a part of a graph. All threads mend the lists. Then rows that cannot be reached any more are put in again, and
 * the places of the removed rows are free. Searches go on meanwhile. No row may be put in meanwhile.
 */
import { TimeSlices } from '../../base/time.js';
import type { EngineCore } from '../../engine/engine-core.js';
import { type GraphLayout, MAX_ENTRIES, rowBelow } from '../../kernel/graph/graph-layout.js';
import { entriesOf, forgetRow, ReachabilityWalk, setEntries } from '../../kernel/graph/graph-upkeep.js';
import type { Rows } from '../rows.js';
import { type GraphScope, MendJob, runGraphJob } from './graph-jobs.js';
import { createWords, type GraphPart } from './graph-part.js';
import type { GraphRows } from './graph-rows.js';

export interface MendOptions {
  readonly core: EngineCore;
  readonly scope: GraphScope;
  readonly effort: number;
  readonly rows: Rows;
  readonly graphRows: GraphRows;
  readonly rowMs: number;
  readonly rowsPerUnit: number;
  readonly signal: AbortSignal;
}

const STRIDE = 2 ** 12;
/** Rows of a walk over all lists between two looks at the clock. */
const WALK_ROWS = 2 ** 10;
/** Rows that are put in again make others reachable; after so many rounds the next upkeep goes on. */
const MAX_ROUNDS = 8;

/** Whether a row of a graph, number `level` from below, is one of the rows that are kept. */
type IsKept = (row: number) => boolean;

/** Mends all graphs of a part. */
export async function mendPart(part: GraphPart, options: MendOptions): Promise<void> {
  const { core, graphRows, rows, signal } = options;
  const slices = new TimeSlices(signal);
  // Rows that are removed later are left for the next time.
  const gone: number[] = [];
  const keptBits = createWords(Math.ceil(part.capacity / 32), core.sharesMemory);
  const free = new Set(part.free);
  await slices.forEach(part.used, STRIDE, (first, last) => {
    for (let node = first; node < last; node++) {
      if (part.isLive(node)) keptBits[node >>> 5]! |= 1 << (node & 31);
      else if (!free.has(node)) gone.push(node);
    }
  });
  const isKept: IsKept = (node) => node < part.used && ((keptBits[node >>> 5]! >>> (node & 31)) & 1) === 1;
  await forLevels(part, isKept, (level, isKeptThere, count) => mendLists(part, level, isKeptThere, count, options));
  await repairPart(part, isKept, options);
  // These rows are in no list any more.
  await slices.forEach(gone.length, STRIDE, (first, last) => {
    for (let i = first; i < last; i++) graphRows.takeBack(part, gone[i]!, rows);
  });
}

/** Puts rows in again that cannot be reached from the entry points, and makes every row the child of one that has it. */
export async function repairPart(part: GraphPart, isKept: IsKept, options: MendOptions): Promise<void> {
  await forLevels(part, isKept, async (level, isKeptThere, count) => {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const lost = await findLost(part, level, isKeptThere, count, options);
      if (lost.length === 0) return;
      await runMend(part, level, lost.length, lost, options);
    }
  });
}

async function forLevels(
  part: GraphPart,
  isKept: IsKept,
  work: (level: number, isKept: IsKept, count: number) => Promise<void>,
): Promise<void> {
  let isKeptThere = isKept;
  let count = part.used;
  for (let level = 0; level < part.layout.levels.length; level++) {
    await work(level, isKeptThere, count);
    const below = isKeptThere;
    isKeptThere = (row) => below(rowBelow(row));
    count = Math.min(Math.ceil(count / 16), part.layout.levels[level + 1]?.capacity ?? 0);
  }
}

/** Takes rows that are gone out of all lists of a graph. */
async function mendLists(
  part: GraphPart,
  level: number,
  isKept: IsKept,
  count: number,
  options: MendOptions,
): Promise<void> {
  const slices = new TimeSlices(options.signal);
  const layout = part.layout.levels[level]!;
  const { buffer } = part.memory;
  const bits = new Uint8Array(buffer, part.layout.kept[level]!, Math.ceil(layout.capacity / 8));
  bits.fill(0);
  let first: number | undefined;
  await slices.forEach(count, STRIDE, (begin, end) => {
    for (let row = begin; row < end; row++) {
      if (!isKept(row)) continue;
      bits[row >> 3]! |= 1 << (row & 7);
      first ??= row;
    }
  });
  await runMend(part, level, count, undefined, options);
  await slices.forEach(count, STRIDE, (begin, end) => {
    for (let row = begin; row < end; row++) if (!isKept(row)) forgetRow(buffer, layout, row);
  });
  setEntries(buffer, layout, entriesAfter(buffer, layout, isKept, first));
}

/** In place of entry points that are gone, all of them, any row that is there. */
function entriesAfter(
  buffer: ArrayBufferLike,
  layout: GraphLayout,
  isKept: IsKept,
  first: number | undefined,
): readonly number[] {
  const entries = entriesOf(buffer, layout).filter(isKept);
  return entries.length > 0 || first === undefined ? entries.slice(0, MAX_ENTRIES) : [first];
}

async function findLost(
  part: GraphPart,
  level: number,
  isKept: IsKept,
  count: number,
  { core, signal }: MendOptions,
): Promise<Uint32Array> {
  const slices = new TimeSlices(signal);
  const reach = new ReachabilityWalk(part.memory.buffer, part.layout.levels[level]!);
  while (reach.walk(WALK_ROWS)) if (slices.isDue()) await slices.nextTurn();
  const lost: number[] = [];
  await slices.forEach(count, STRIDE, (first, last) => {
    for (let row = first; row < last; row++) {
      if (!isKept(row) || reach.has(row)) continue;
      reach.orphan(row);
      lost.push(row);
    }
  });
  const words = createWords(lost.length, core.sharesMemory);
  words.set(lost);
  return words;
}

async function runMend(
  part: GraphPart,
  level: number,
  count: number,
  lost: Uint32Array | undefined,
  { core, scope, effort, rowMs, rowsPerUnit, signal }: MendOptions,
): Promise<void> {
  const begin = () => new MendJob(core, scope, part, level, { effort, rowsPerUnit, count, lost });
  if (count > 0) await runGraphJob(core, begin, (count * rowMs) / scope.threads, signal);
}
