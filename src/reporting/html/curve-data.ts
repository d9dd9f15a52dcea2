/**
 * A chart of curves as plain data: what is drawn as SVG, and what the page's script draws again for zooming.
 */
import {
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
  formatTick,
  timeUnit,
} from '../format.js';
import type { Mark } from './plot.js';

/** What the numbers of an axis are. */
export type Quantity = 'time' | 'duration' | 'magnitude' | 'rate' | 'count' | 'share';

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

export interface Curve {
  readonly name: string;
  /** Position of its run. */
  readonly run: number;
  /** In order of x. */
  readonly points: readonly CurvePoint[];
  /** Where the last step ends: a shorter run ends before the axis does. */
  readonly to: number;
}

export interface CurveData {
  /** Which chart it is: `throughput`. */
  readonly name: string;
  readonly title: string;
  readonly x: Quantity;
  readonly y: Quantity;
  /** Ends of the x axis: a time axis begins at 0, any other one is logarithmic. */
  readonly from: number;
  readonly to: number;
  /** Whether a value holds until the next point, or the curve runs straight from point to point. */
  readonly shape: 'steps' | 'lines';
  /** One for each run that has points. */
  readonly curves: readonly Curve[];
  /** Values of x to point out. */
  readonly marks: readonly Mark[];
}

const FORMATS: Record<Quantity, (value: number) => string> = {
  time: formatDuration,
  duration: formatDuration,
  magnitude: formatNumber,
  rate: formatRate,
  count: formatCount,
  share: formatPercent,
};

/** A value in full, with its unit. */
export function formatQuantity(quantity: Quantity, value: number): string {
  return FORMATS[quantity](value);
}

/** For ticks of an axis that ends at `end`: round values with as few digits as they need. */
export function tickFormat(quantity: Quantity, end: number): (value: number) => string {
  switch (quantity) {
    case 'time':
    case 'duration':
      return (value) => {
        // On a time axis all ticks have one unit; durations span many.
        const { name, size } = timeUnit(quantity === 'time' ? end : value);
        return value === 0 ? '0' : `${formatTick(value / size)} ${name}`;
      };
    case 'share':
      return (value) => `${formatTick(100 * value)} %`;
    case 'rate':
      return (value) => `${formatTick(value)}/s`;
    default:
      return formatTick;
  }
}
