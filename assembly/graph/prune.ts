// Which of some candidates become neighbours of a row: from the nearest on, those that no neighbour already kept is nearer to
// (the robust pruning of Vamana: Jayaram Subramanya et al., DiskANN, NeurIPS 2019, algorithm 2). With one addition: a row whose
// parent this one is always stays, so the parents are a tree of edges that lasts, and every row can be reached.
import { distanceAt, rowOf, sort, wordOf } from './candidates';
import { distances, useRow } from './distance';
import {
  ALPHA,
  BATCH,
  BATCH_DISTANCES,
  DEGREE,
  LOOSE,
  NEAR,
  NEAR_WORDS,
  NEW_WORDS,
  parentOf,
  PRUNE_QUERY,
  RANKS,
} from './layout';
import { isIn } from './lists';

/** Flag in a candidate's word, where lists are pruned. */
const APART_FLAG: u32 = 1;

/** How many of the candidates must stay. */
export function reservedOf(graph: usize, row: u32, words: usize, count: u32): u32 {
  let reserved: u32 = 0;
  for (let i: u32 = 0; i < count; i++) if (parentOf(graph, rowOf(words, i)) == row) reserved++;
  return reserved;
}

/**
 * Whether the next candidate is kept.
 *
 * @param keptCount how many have been kept
 * @param others those of them that may occlude it
 * @param reserved how many of those from this one on must stay
 */
export function isKept(
  graph: usize,
  scratch: usize,
  row: u32,
  candidate: u32,
  distance: f32,
  keptCount: u32,
  others: usize,
  otherCount: u32,
  reserved: u32,
): bool {
  const degree = load<u32>(graph, DEGREE);
  if (keptCount >= degree) return false;
  if (reserved && parentOf(graph, candidate) == row) return true;
  return keptCount + reserved < degree && !isOccluded(graph, scratch, candidate, distance, others, otherCount);
}

function isOccluded(graph: usize, scratch: usize, candidate: u32, distance: f32, others: usize, count: u32): bool {
  if (!count) return false;
  const alpha = load<f32>(graph, ALPHA);
  const query = <usize>load<u32>(scratch, PRUNE_QUERY);
  const out = <usize>load<u32>(scratch, BATCH_DISTANCES);
  useRow(graph, candidate, query);
  for (let i: u32 = 0; i < count; i += 4) {
    const some = min<u32>(count - i, 4);
    distances(graph, query, others + (<usize>i << 2), some, out);
    for (let j: u32 = 0; j < some; j++) if (alpha * distanceAt(out, j) < distance) return true;
  }
  return false;
}

/**
 * Lists those of sorted candidates that are kept; returns how many. Candidates marked as APART do not occlude each other, which
 * saves most of the work where a list is pruned again and again.
 */
export function prune(graph: usize, scratch: usize, row: u32, near: usize, words: usize, count: u32, kept: usize): u32 {
  const loose = <usize>load<u32>(scratch, LOOSE);
  let reserved = reservedOf(graph, row, words, count);
  let keptCount: u32 = 0;
  let looseCount: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const candidate = rowOf(words, i);
    const isApart = (load<u32>(words + (<usize>i << 2)) & APART_FLAG) != 0;
    const others = isApart ? loose : kept;
    const otherCount = isApart ? looseCount : keptCount;
    if (isKept(graph, scratch, row, candidate, distanceAt(near, i), keptCount, others, otherCount, reserved)) {
      store<u32>(kept + (<usize>keptCount << 2), candidate);
      keptCount++;
      if (!isApart) {
        store<u32>(loose + (<usize>looseCount << 2), candidate);
        looseCount++;
      }
    }
    if (reserved && parentOf(graph, candidate) == row) reserved--;
  }
  return keptCount;
}

/**
 * Fills half of a list with the nearest candidates that pruning has left out: within a cluster it leaves out nearly all. Returns
 * how many are kept then.
 */
export function fill(graph: usize, words: usize, count: u32, kept: usize, keptCount: u32): u32 {
  const enough = load<u32>(graph, DEGREE) >> 1;
  for (let i: u32 = 0; i < count && keptCount < enough; i++) {
    const candidate = rowOf(words, i);
    if (isIn(candidate, kept, keptCount)) continue;
    store<u32>(kept + (<usize>keptCount << 2), candidate);
    keptCount++;
  }
  return keptCount;
}

/**
 * Sorts the rows of the batch by their distance from `row` into NEAR. Those behind the first one, `apart` of them, do not occlude
 * each other.
 */
export function sortBatch(graph: usize, scratch: usize, row: u32, count: u32, apart: u32): void {
  const batch = <usize>load<u32>(scratch, BATCH);
  const query = <usize>load<u32>(scratch, PRUNE_QUERY);
  const out = <usize>load<u32>(scratch, BATCH_DISTANCES);
  const words = <usize>load<u32>(scratch, NEW_WORDS);
  useRow(graph, row, query);
  distances(graph, query, batch, count, out);
  for (let i: u32 = 0; i < count; i++) {
    const at = <usize>i << 2;
    store<u32>(words + at, wordOf(load<u32>(batch + at), i - 1 < apart ? APART_FLAG : 0));
  }
  const near = <usize>load<u32>(scratch, NEAR);
  sort(out, words, count, <usize>load<u32>(scratch, RANKS), near, <usize>load<u32>(scratch, NEAR_WORDS));
}
