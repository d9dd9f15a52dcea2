/**
 * A sum of float64 numbers without rounding: `value` is the true sum, rounded once. So it depends on neither the order
 * of the terms nor on how they were split over threads, and a merged sum equals that of all terms, bit for bit.
 *
 * The sum is kept as an expansion (J. R. Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997): parts whose
 * bits do not overlap, smallest first. Their number is bounded by the format, not by the number of terms: each holds a bit
 * position of its own, of which float64 has 2,098. Durations of similar size need 2 to 4.
 *
 * Exact for magnitudes up to 2^900 and, of products, from 2^-960 up.
 */
export class ExactSum {
  readonly #parts: number[] = [];

  /** The sum of `terms`: of what `parts` gave, the same sum. */
  static of(terms: Iterable<number>): ExactSum {
    const sum = new ExactSum();
    for (const term of terms) sum.add(term);
    return sum;
  }

  /** Numbers whose sum it is, unrounded. */
  get parts(): readonly number[] {
    return [...this.#parts];
  }

  add(term: number): void {
    const parts = this.#parts;
    let carried = term;
    let kept = 0;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      const sum = carried + part;
      const shareOfPart = sum - carried;
      const error = carried - (sum - shareOfPart) + (part - shareOfPart);
      if (error !== 0) parts[kept++] = error;
      carried = sum;
    }
    if (carried !== 0) parts[kept++] = carried;
    parts.length = kept;
  }

  /** Adds `a × b`, unrounded. */
  addProduct(a: number, b: number): void {
    const product = a * b;
    this.add(product);
    const error = productError(a, b, product);
    if (error !== 0) this.add(error);
  }

  /** Adds `value² × count`, unrounded. */
  addSquare(value: number, count: number): void {
    const square = value * value;
    this.addProduct(square, count);
    this.addProduct(productError(value, value, square), count);
  }

  /** Adds `value² / divisor`, to some 100 bits. */
  addSquareOver(value: number, divisor: number): void {
    const square = value * value;
    const quotient = square / divisor;
    const back = quotient * divisor;
    const remainder = square - back - productError(quotient, divisor, back) + productError(value, value, square);
    this.add(quotient);
    this.add(remainder / divisor);
  }

  /** Adds all that `other` holds. */
  merge(other: ExactSum): void {
    for (const part of [...other.#parts]) this.add(part);
  }

  /** `count × Σx² − (Σx)²` for a sum of squares and a sum, without the cancellation that the plain formula suffers. */
  static spread(count: number, squares: ExactSum, sum: ExactSum): number {
    const spread = new ExactSum();
    for (const part of squares.#parts) spread.addProduct(count, part);
    for (const a of sum.#parts) for (const b of sum.#parts) spread.addProduct(-a, b);
    return spread.value;
  }

  /** The float64 nearest to the sum, ties to even. */
  get value(): number {
    const parts = this.#parts;
    let i = parts.length - 1;
    if (i < 0) return 0;
    let sum = parts[i]!;
    let error = 0;
    while (i > 0 && error === 0) {
      const part = parts[--i]!;
      const next = sum + part;
      error = part - (next - sum);
      sum = next;
    }
    // A tie was rounded to even, but the parts below say which side of it the sum is on.
    if (i > 0 && Math.sign(error) === Math.sign(parts[i - 1]!)) {
      const beyond = sum + 2 * error;
      if (beyond - sum === 2 * error) return beyond;
    }
    return sum;
  }
}

/** `a × b − product`, exactly, where `product` is `a × b` rounded (T. J. Dekker, 1971). */
function productError(a: number, b: number, product: number): number {
  const aHigh = upperHalf(a);
  const aLow = a - aHigh;
  const bHigh = upperHalf(b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** The upper 26 bits of the significand. */
function upperHalf(value: number): number {
  const shifted = 134217729 * value; // 2^27 + 1
  return shifted - (shifted - value);
}
