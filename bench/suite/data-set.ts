/**
 * The vectors that are measured on: components in [-1, 1) from xorshift32 with a fixed seed, the same on every machine and
 * in the native reference.
 *
 * A set is larger than the caches of most machines and cut into parts; one call of a benchmark works on one part. Parts
 * are taken in turn, so that a part was last touched a whole set ago and comes from memory, as the vectors of a large run
 * do. All parts hold the same components.
 */

export interface DataSizes {
  /** Bytes of the vectors that one call on one thread works on. */
  readonly partBytes: number;
  /** Bytes of all parts together, and of what one run on threads works on. */
  readonly setBytes: number;
}

export const defaultSizes: DataSizes = { partBytes: 2 ** 22, setBytes: 2 ** 26 };

export const SEED = 0x9e3779b9;

/** Components of one part, and how many parts there are. */
export interface DataSet {
  readonly dims: number;
  readonly vectorsPerPart: number;
  readonly parts: number;
  /** Float32Array, vectorsPerPart × dims, row-major. */
  readonly components: Float32Array;
}

/** @param random components of at least a part, from `randomComponents` */
export function createDataSet(dims: number, { partBytes, setBytes }: DataSizes, random: Float32Array): DataSet {
  const vectorsPerPart = Math.floor(partBytes / (4 * dims));
  const components = random.subarray(0, vectorsPerPart * dims);
  return { dims, vectorsPerPart, parts: Math.floor(setBytes / partBytes), components };
}

/** Float32Array of `length` components. */
export function randomComponents(length: number): Float32Array {
  let state = SEED | 0;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
}
