/**
 * Scales: from values to places along an axis, and the round values at which the axis has ticks. A place is a share of the
 * axis, 0 at `from` and 1 at `to`. Values beyond an end are placed at that end, and what is not a number at 0.
 */

export interface Scale {
  readonly kind: 'linear' | 'logarithmic';
  readonly from: number;
  readonly to: number;
  /** Ascending, none outside of the axis. */
  readonly ticks: readonly number[];
  shareOf(value: number): number;
}

const TICKS = 5;

/** From 0 to `to` exactly. */
export function linearScale(to: number): Scale {
  return linear(0, to, roundTicks(0, to));
}

/** Shares from `from` to 1 exactly. */
export function shareScale(from: number): Scale {
  return linear(from, 1, roundTicks(from, 1));
}

/** From 0 to the first tick from `most` on, so that the highest point has a tick above it; to 1 where `most` is 0. */
export function roundedScale(most: number): Scale {
  // Where floats have no room for steps, neither has the picture.
  const end = most > 1e-300 && most < 1e300 ? most : 1;
  const step = roundStep(end);
  const ticks = Array.from({ length: Math.ceil(end / step) + 1 }, (_, i) => round(i * step));
  return linear(0, ticks.at(-1)!, ticks);
}

/** From `from` to `to` exactly, both above 0. */
export function logarithmicScale(from: number, to: number): Scale {
  const octaves = Math.log2(to) - Math.log2(from);
  return {
    kind: 'logarithmic',
    from,
    to,
    ticks: logarithmicTicks(from, to),
    shareOf: (value) => within((Math.log2(value) - Math.log2(from)) / octaves),
  };
}

/** Powers of ten that hold all values between them, at least two. */
export function decadeScale(least: number, most: number): Scale {
  const first = Math.floor(Math.log10(least));
  const last = Math.max(first + 1, Math.ceil(Math.log10(most)));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => round(10 ** (first + i)));
  return { ...logarithmicScale(ticks[0]!, ticks.at(-1)!), ticks };
}

function linear(from: number, to: number, ticks: readonly number[]): Scale {
  return { kind: 'linear', from, to, ticks, shareOf: (value) => within((value - from) / (to - from)) };
}

/** Round values from `from` to `to` (above 0 on a logarithmic axis). */
export function ticksBetween(kind: Scale['kind'], from: number, to: number): number[] {
  return [...(kind === 'linear' ? roundTicks(from, to) : logarithmicTicks(from, to))];
}

/** Powers of ten where there are several, else such times 1, 2 and 5, else even steps. */
function logarithmicTicks(from: number, to: number): readonly number[] {
  const decades = Math.log10(to / from);
  if (decades < 0.8) return roundTicks(from, to);
  const factors = decades < 2.5 ? [1, 2, 5] : [1];
  // Over many decades, only every second or third power gets a tick.
  const stride = Math.max(1, Math.ceil(decades / 6));
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++) {
    if (power % stride !== 0) continue;
    for (const factor of factors) ticks.push(round(factor * 10 ** power));
  }
  return ticks.filter((tick) => tick >= from && tick <= to);
}

function roundTicks(from: number, to: number): readonly number[] {
  const step = roundStep(to - from);
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  // Ends that are no numbers, or so close or so far that floats between them run out, have no round values between them.
  if (!(count > 0 && count <= 3 * TICKS)) return [from];
  return Array.from({ length: count }, (_, i) => round((first + i) * step));
}

/** 1, 2 or 5 times a power of ten, so that some `TICKS` of them fill `span`. */
function roundStep(span: number): number {
  const rough = span / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough * (1 - 1e-9))!;
}

function within(share: number): number {
  return share > 0 ? Math.min(1, share) : 0;
}

/** Without what binary fractions add. */
function round(value: number): number {
  return Number(value.toPrecision(9));
}
