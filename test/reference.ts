/**
 * The oracle: what becomes of one row, in float64, by the definition. Obvious and slow.
 */

export type Outcome =
  | { kind: 'indexed'; magnitude: number; components: number[] }
  | { kind: 'EmptyVector' | 'ZeroMagnitude' | 'NonFinite' };

export function indexRow(row: ArrayLike<number>): Outcome {
  const components = Array.from(row);
  if (components.length === 0) return { kind: 'EmptyVector' };
  if (!components.every(Number.isFinite)) return { kind: 'NonFinite' };
  const magnitude = Math.sqrt(components.reduce((sum, x) => sum + x * x, 0));
  if (magnitude === 0) return { kind: 'ZeroMagnitude' };
  return { kind: 'indexed', magnitude, components: components.map((x) => x / magnitude) };
}
