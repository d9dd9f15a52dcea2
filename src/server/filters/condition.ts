/**
 * A filter as it was understood: what a point must be like. Trees of these come from parse.ts, at most `MAX_DEPTH` deep.
 */
import type { PointId } from '../collections/point-id.js';
import type { Path } from './path.js';

export type Scalar = string | number | boolean;

/** Bounds that are not given are infinite. Bounds of dates are in milliseconds since 1970. */
export interface Bounds {
  readonly kind: 'numbers' | 'dates';
  readonly above: number;
  readonly from: number;
  readonly below: number;
  readonly to: number;
}

export type Condition =
  | { readonly kind: 'value'; readonly path: Path; readonly value: Scalar }
  | { readonly kind: 'any'; readonly path: Path; readonly values: ReadonlySet<Scalar> }
  | { readonly kind: 'except'; readonly path: Path; readonly values: ReadonlySet<Scalar> }
  | { readonly kind: 'text'; readonly path: Path; readonly tokens: readonly string[] }
  | { readonly kind: 'range'; readonly path: Path; readonly bounds: Bounds }
  | { readonly kind: 'empty'; readonly path: Path; readonly is: boolean }
  | { readonly kind: 'null'; readonly path: Path; readonly is: boolean }
  | { readonly kind: 'ids'; readonly ids: ReadonlySet<PointId> }
  | { readonly kind: 'nested'; readonly path: Path; readonly filter: Filter }
  | { readonly kind: 'filter'; readonly filter: Filter };

/** A point passes all of `must`, one of `should` where there are any, none of `mustNot`, and `minCount` of `minShould`. */
export interface Filter {
  readonly must: readonly Condition[];
  readonly should: readonly Condition[];
  readonly mustNot: readonly Condition[];
  readonly minShould: { readonly conditions: readonly Condition[]; readonly minCount: number } | undefined;
}
