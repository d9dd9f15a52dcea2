/**
 * Which candidates of a search may be among the k nearest. Distances by codes are off by a bound that is known for each row, so
 * most candidates need not be scored exactly: of 100 candidates with 100 components, some 20 are left for the ten best.
 *
 * Codes of a row are off by at most e, those of the query by at most R, as vectors. So a distance is within e + R of the distance d by
 * codes (triangle inequality). With U the k-th least of d + e + R, a row with d − e − R > U is none of the k nearest. How float32
 * rounds is counted, too. The terms are in assembly/README.md.
 */
import type { GraphLayout, ScratchLayout } from './graph-layout.js';
import { GRAPH, MAY_BE_HIT, SCRATCH, TAIL } from './graph-layout.js';
import type { GraphSpace } from './graph-space.js';

/** Half a step of a code, and how float32 rounds the quotient. */
const HALF_STEP = 0.5 + 2 ** -14;
/** Rounding error of a squared distance by codes in float32, relative to the squared magnitudes. */
const ROUNDING = 2 ** -20;
/** Rounding error of a squared distance that is a sum of squares. */
const SUM_ROUNDING = 2 ** -18;
/** Components that are coded as 0 are less than this. */
const TINY = 2 ** -64;
/** Squares above are of components that may have been cut off. */
const HUGE = 2 ** 90;

/**
 * The rows of the candidates of a search that has ended, nearest by codes first, without those that cannot be among the `k` nearest. All of
 * them where a row was noted to be longer than the space's radius.
 *
 * @param mayCount whether a row may be a hit; one that may not is left out. Asked of few more rows than are given
 */
export function readNearest(
  buffer: ArrayBufferLike,
  graph: GraphLayout,
  space: GraphSpace,
  scratch: ScratchLayout,
  k: number,
  mayCount: (row: number) => boolean = () => true,
): number[] {
  const length = new Uint32Array(buffer, scratch.base + SCRATCH.length, 1)[0]!;
  const words = new Uint32Array(buffer, scratch.words, length);
  const squares = new Float32Array(buffer, scratch.candidates, length);
  const error = new CodeError(buffer, graph, space, scratch);
  const rows: number[] = [];
  const least: number[] = [];
  let worst = Number.POSITIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    const word = words[i]!;
    const row = word >>> 2;
    if (!(word & MAY_BE_HIT)) continue;
    error.use(row, squares[i]!);
    if (error.least > worst || !mayCount(row)) continue;
    rows.push(row);
    // Candidates come nearest first, but their bounds do not.
    const at = least.length < k ? least.length : k - 1;
    if (at < least.length && error.most >= least[at]!) continue;
    insert(least, at, error.most);
    if (least.length === k) worst = least[k - 1]!;
  }
  return rows;
}

/** Puts a number in the place of number `at` of sorted ones, and keeps them sorted. */
function insert(sorted: number[], at: number, x: number): void {
  let i = at;
  for (; i > 0 && sorted[i - 1]! > x; i--) sorted[i] = sorted[i - 1]!;
  sorted[i] = x;
}

/** Between which bounds the distance of a row is. */
class CodeError {
  least = 0;
  most = 0;
  readonly #floats: Float32Array;
  readonly #graph: GraphLayout;
  /** Error of the query's codes, and its square. */
  readonly #queryError: number;
  readonly #querySquare: number;
  /** Error of every squared distance, from the rounding of unit rows and lifts. */
  readonly #lengthError: number;
  readonly #step: number;
  /** Whether distances do not tell how good a hit is. */
  readonly #isUnknown: boolean;

  constructor(buffer: ArrayBufferLike, graph: GraphLayout, space: GraphSpace, scratch: ScratchLayout) {
    const { floats, tail, codedDims, metric } = graph;
    this.#floats = new Float32Array(buffer);
    this.#graph = graph;
    this.#isUnknown = Atomics.load(new Uint32Array(buffer), (graph.base + GRAPH.long) / 4) === 1;
    this.#step = HALF_STEP * Math.sqrt(codedDims);
    const radius = metric === 'cosine' ? 1 : space.radius;
    this.#lengthError = ROUNDING * (radius * space.factor) ** 2;
    if (floats) {
      const query = new Float32Array(buffer, scratch.query, codedDims);
      this.#querySquare = query.reduce((sum, x) => sum + x * x, 0);
      this.#queryError = 2 ** -23 * Math.sqrt(this.#querySquare) + TINY;
    } else {
      const side = (scratch.query + 2 * tail) / 4;
      this.#querySquare = this.#floats[side + TAIL.square / 4]!;
      this.#queryError = this.#floats[side + TAIL.scale / 4]! * this.#step + TINY;
    }
  }

  /** @param squared its squared distance by codes */
  use(row: number, squared: number): void {
    const { records, stride, tail, floats } = this.#graph;
    const record = (records + row * stride + tail) / 4;
    let error = this.#queryError;
    let rounding = this.#lengthError;
    if (floats) {
      // A row is no longer than the query and the distance together.
      error += 2 ** -23 * (Math.sqrt(this.#querySquare) + Math.sqrt(squared));
      rounding += SUM_ROUNDING * squared;
    } else {
      error += this.#floats[record + TAIL.scale / 4]! * this.#step;
      rounding += ROUNDING * (this.#querySquare + this.#floats[record + TAIL.square / 4]!);
    }
    const isUnknown = this.#isUnknown || squared > HUGE || this.#querySquare > HUGE;
    this.least = isUnknown ? 0 : Math.sqrt(Math.max(0, squared - rounding)) - error;
    this.most = isUnknown ? Number.POSITIVE_INFINITY : Math.sqrt(squared + rounding) + error;
  }
}
