/**
 * What indexing a vector means, in float64, obvious and slow: the oracle of the engine's tests.
 */
import type { IndexingResult } from 'simdex';

export interface ReferenceVector {
  readonly magnitude: number;
  /** Unit length, in the order of the input. */
  readonly normalized: Float64Array;
}

export type ReferenceCode = 'EmptyVector' | 'ZeroMagnitude' | 'NonFinite';

/** The indexed vector, or why there is none. Components are first rounded to float32, as they are when copied in. */
export function referenceOf(components: ArrayLike<number>): ReferenceVector | ReferenceCode {
  const row = Float64Array.from(Float32Array.from(components));
  if (row.length === 0) return 'EmptyVector';
  if (row.some((component) => !Number.isFinite(component))) return 'NonFinite';
  const magnitude = Math.sqrt(row.reduce((sum, component) => sum + component * component, 0));
  if (magnitude === 0) return 'ZeroMagnitude';
  return { magnitude, normalized: row.map((component) => component / magnitude) };
}

const LARGEST_FLOAT32 = 3.4028235677973366e38;
const SMALLEST_NORMAL = 2 ** -126;
const TOLERANCE = 1e-6;

/** One sentence for each vector of `result` that is not what the reference says; empty when all are right. */
export function differencesFrom(source: readonly ArrayLike<number>[], result: IndexingResult): string[] {
  const found: string[] = [];
  if (result.vectors.length !== source.length) found.push(`${result.vectors.length} vectors for ${source.length}`);
  source.forEach((row, i) => {
    const difference = differenceAt(row, i, result);
    if (difference) found.push(`vectors[${i}]: ${difference}`);
  });
  return found;
}

function differenceAt(row: ArrayLike<number>, i: number, result: IndexingResult): string | undefined {
  const expected = referenceOf(row);
  const vector = result.vectors.get(i);
  if (typeof expected === 'string') return vector ? `was indexed, but is ${expected}` : undefined;
  if (!vector) return 'was not indexed';
  if (vector.originalDims !== row.length) return `has ${vector.originalDims} components for ${row.length}`;
  if (!isClose(vector.magnitude, expected.magnitude)) return `magnitude ${vector.magnitude}, not ${expected.magnitude}`;
  const components = result.vectors.order === 'sorted' ? expected.normalized.sort() : expected.normalized;
  const wrong = components.findIndex((component, at) => !isClose(vector.normalized[at]!, component));
  return wrong < 0 ? undefined : `component ${wrong} is ${vector.normalized[wrong]}, not ${components[wrong]}`;
}

/** Within 1e-6 relative; for what is not a normal float32, within the spacing there. */
function isClose(found: number, expected: number): boolean {
  if (expected > LARGEST_FLOAT32) return found === Number.POSITIVE_INFINITY;
  const size = Math.abs(expected);
  return Math.abs(found - expected) <= (size >= SMALLEST_NORMAL ? TOLERANCE * size : 2 ** -148);
}
