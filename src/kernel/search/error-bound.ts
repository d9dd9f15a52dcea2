/**
 * How far a score of the float32 scan may be from the true one, and from that the limit below which a row is no hit.
 * Everything rounds to the safe side: a limit may let too many rows through, never too few.
 *
 * Let u = 2⁻²⁴ (rounding of float32), d the dims, q the query as scanned, v a row. A score is a sum of d terms; in every
 * backend no term takes part in more than m additions, where m = min(d, 1024)/4 (a lane's chain in a span of 1,024) + 8
 * (last components, lanes added up, unequal chains) + d/1024 (spans added up), each rounded up. By the usual analysis
 * (Higham, Accuracy and Stability of Numerical Algorithms, 3.1) with γ(n) = n·u / (1 − n·u), as long as nothing overflows:
 *
 *   |score − q·v|   ≤ γ(m + 1) Σ|qᵢvᵢ| + d·2⁻¹⁴⁹      ≤ γ(m + 1) |q||v| + d·2⁻¹⁴⁹     (Cauchy-Schwarz)
 *   |score + |q−v|²| ≤ γ(m + 3) |q−v|² + d·2⁻¹⁴⁹
 *
 * A term of a product is rounded once, that of a squared difference three times ((1+u) of the difference counts twice); a
 * product below the normal range is off by at most 2⁻¹⁵⁰ more, and additions are exact there. No difference of float32
 * numbers underflows.
 *
 * Inner products are scanned with q scaled by a power of two to 1/4 ≤ |q| ≤ 1/2. So |score| stays below |v|: no sum
 * overflows unless |v| is beyond float32, where the magnitude is Infinity and every score passes. Scaling is exact but for
 * components that fall below the normal range, which are off by 2⁻¹⁵⁰: together √d·2⁻¹⁵⁰ |v|, part of the slack below.
 * A squared distance that overflows is at least 2¹²⁷: it passes unless the limit is below that.
 */
export type Metric = 'cosine' | 'dot' | 'euclidean';

/** Distance from 1 that the length of a unit row may have; the kernel keeps within 6e-7, rows that others wrote within this. */
export const UNIT_TOLERANCE = 4e-6;

const U = 2 ** -24;
const SMALLEST = 2 ** -149;
const OVERFLOW = 2 ** 127;
/** For what float64 rounds in exact scores (d·2⁻⁵³ relative) and in the formulas here. */
const ROOM = 1 + 2 ** -20;

/** Bounds of the scores for rows of `dims` components. */
export class ErrorBound {
  readonly metric: Metric;
  /** Amount by which a score is raised, per unit of the row's magnitude, before it is compared with the limit; 0 for none. */
  readonly slack: number;
  readonly #relative: number;
  readonly #absolute: number;

  constructor(metric: Metric, dims: number) {
    this.metric = metric;
    const additions = Math.ceil(Math.min(dims, 1024) / 4) + 8 + Math.ceil(dims / 1024);
    const gamma = (roundings: number) => (roundings * U) / (1 - roundings * U);
    this.#relative = (metric === 'euclidean' ? gamma(additions + 3) : gamma(additions + 1)) * ROOM;
    // Some more for the rounding of a magnitude that is no normal number, and of the raised score.
    this.#absolute = (dims + 8) * SMALLEST;
    // |q| ≤ 1/2; the magnitude is within 1e-6, raising rounds twice: by 2u of what is below |v|.
    this.slack = metric === 'dot' ? (this.#relative / 2 + 4 * U) * ROOM : 0;
  }

  /**
   * The greatest float32 such that no row whose (raised) score is below it can have `key` or better.
   *
   * @param key the exact score to be reached: the cosine; the inner product with the scaled query; minus the squared distance
   * @param queryLength length of the scaled query, for cosine
   */
  limit(key: number, queryLength: number): number {
    if (key === Number.NEGATIVE_INFINITY) return key;
    switch (this.metric) {
      case 'cosine': {
        // q·v = cos·|q||v|, and |v| is 1 within the tolerance.
        const off = (UNIT_TOLERANCE + this.#relative) * ROOM;
        return float32Below(queryLength * (key - off - 2 ** -40) - this.#absolute);
      }
      case 'dot':
        return float32Below(key - Math.abs(key) * 2 ** -40 - this.#absolute);
      case 'euclidean': {
        const most = -key * (1 + 2 * this.#relative) + 2 * this.#absolute;
        return most >= OVERFLOW / 2 ? Number.NEGATIVE_INFINITY : float32Below(-most);
      }
    }
  }
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The greatest float32 that is not above `value`. */
export function float32Below(value: number): number {
  float[0] = value;
  if (float[0] > value) {
    // The next smaller one: one step towards zero above it, away from zero below it.
    if (float[0] === 0) return -SMALLEST;
    bits[0]! += float[0] > 0 ? -1 : 1;
  }
  return float[0];
}
