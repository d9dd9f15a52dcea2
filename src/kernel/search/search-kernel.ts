/**
 * What every backend of the search kernel offers: functions of one memory that take byte addresses and sizes. Rows are
 * dense (row `i` starts at `rows + 4 × dims × i`); queries take `queryBytes(dims)` each and are 16-byte aligned. At least
 * 16 bytes of the memory follow the last row.
 *
 * The score of row `r` for query `q` is float32 number `q × count + r` at `scores`; greater is better.
 */

export interface SearchKernelExports extends CodeExports {
  /** Scans `count` rows: inner products, within the error bound of error-bound.ts. */
  dots(rows: number, count: number, dims: number, queries: number, queryCount: number, scores: number): void;
  /** Likewise squared Euclidean distances, negative. */
  distances(rows: number, count: number, dims: number, queries: number, queryCount: number, scores: number): void;
  /**
   * Lists the scores that, raised by `slack` × magnitude of the row, are not below the limit of their query (float32, one
   * each), NaN among them: their indices as uint32 at `list`, ascending. Returns how many.
   */
  select(
    scores: number,
    count: number,
    queryCount: number,
    limits: number,
    magnitudes: number,
    slack: number,
    list: number,
  ): number;
  /** Inner product in float64; the same bits in every backend, as of all functions below. */
  exactDot(row: number, query: number, dims: number): number;
  /** Cosine of a row and a query of length `queryLength` in float64. */
  exactCosine(row: number, query: number, dims: number, queryLength: number): number;
  /** Squared Euclidean distance in float64. */
  exactDistance(row: number, query: number, dims: number): number;
  /** Sum of squares of a row in float64. */
  exactSquares(row: number, dims: number): number;
}

/** Functions on codes (int8-bound.ts) and on rows that are kept in less than float32. They give the same bits in every backend. */
export interface CodeExports {
  /**
   * Makes codes and factors of `count` rows: `codeCount(dims)` bytes and two float32 each, the scale of the codes and a bound
   * of |row − scale × codes|. Codes are 16-byte aligned.
   */
  quantize(rows: number, count: number, dims: number, codes: number, factors: number): void;
  /**
   * Lists, as `select` does but not in order, what has an upper bound that is not below the limit of its query. Queries are
   * `codeCount(dims)` int16 each, 16-byte aligned; terms `INT8_TERMS` float64 each.
   */
  selectInt8(
    codes: number,
    factors: number,
    magnitudes: number,
    count: number,
    dims: number,
    queries: number,
    terms: number,
    queryCount: number,
    limits: number,
    list: number,
  ): number;
  /** The inner product of the codes of one row and one query, `codeCount(dims)` of each. */
  codeProduct(codes: number, query: number, stride: number): number;
  /**
   * Writes `count` rows as float16, and over the rows what that makes of them. A row without a magnitude becomes zeros there; one with a component
   * beyond float16 gets the status TOO_LARGE for a magnitude.
   */
  narrow(rows: number, count: number, dims: number, halves: number, magnitudes: number): void;
  /** Writes `count` float16 as float32. */
  widen(halves: number, count: number, floats: number): void;
  /**
   * Makes of the codes of `count` rows the rows themselves: factors become those of such rows, with `unit` of length 1 (then magnitudes stay);
   * else magnitudes become those of the rows, but for a row that has a status there.
   */
  keepCodes(codes: number, count: number, dims: number, factors: number, magnitudes: number, unit: number): void;
  /** Writes the components of a row that is kept as codes, float32. */
  widenCodes(codes: number, dims: number, scale: number, floats: number): void;
}

/** Bytes of a query: its components, and zeros up to a multiple of four. */
export function queryBytes(dims: number): number {
  return 16 * Math.ceil(dims / 4);
}

/** Codes of a row, or of a query: one for each component, and zeros up to a multiple of 16. */
export function codeCount(dims: number): number {
  return 16 * Math.ceil(dims / 16);
}

/** Bytes of the factors of a row: its scale and its error. */
export const FACTOR_BYTES = 8;
/** Float64 numbers that a query takes beside its codes. */
export const INT8_TERMS = 5;
