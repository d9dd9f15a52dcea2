/**
 * Figures as people read them, the same on pages, in tables and on the terminal. A figure has three significant digits, or all
 * digits before the point. Its unit is chosen so that a figure that is not zero never reads as zero. What is not a finite
 * number reads `n/a`.
 */

const threeDigits = formatter({ minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const whole = formatter({ maximumFractionDigits: 0 });
const upToThreeDigits = formatter({ maximumSignificantDigits: 3 });

/** Made when a figure is first written: the first of a process takes 25 ms, which programs without reports need not wait. */
function formatter(options: Intl.NumberFormatOptions): (value: number) => string {
  let made: Intl.NumberFormat | undefined;
  return (value) => {
    made ??= new Intl.NumberFormat('en', options);
    return made.format(value);
  };
}

/** Beyond these a number is written with an exponent. */
const SMALLEST = 1e-6;
const LARGEST = 1e15;

/** 5.32, 71.4, 1,752; 1.20e-9. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < SMALLEST || size >= LARGEST) return value.toExponential(2);
  return size < 100 ? threeDigits(value) : whole(value);
}

/** 9,960 queries/s. */
export function formatQueryRate(queriesPerSecond: number): string {
  return `${formatNumber(queriesPerSecond)} queries/s`;
}

/** A whole number in full; a mean of such, as `formatNumber`. */
export function formatCount(value: number): string {
  return Number.isSafeInteger(value) ? whole(value) : formatNumber(value);
}

/** As short as it can be, for the ticks of an axis: 0.25, 40, 1,500, 2M. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= LARGEST)) return value.toExponential().replace('e+', 'e');
  if (size >= 1e6) return `${upToThreeDigits(value / 1e6)}M`;
  // A tick is round already; this takes away what binary fractions add.
  return Number(value.toPrecision(6)).toLocaleString('en', { maximumFractionDigits: 9 });
}

interface Unit {
  readonly name: string;
  /** In the unit that values come in. */
  readonly size: number;
}

const TIME_UNITS: readonly Unit[] = [
  { name: 'ns', size: 1e-6 },
  { name: 'µs', size: 1e-3 },
  { name: 'ms', size: 1 },
  { name: 's', size: 1000 },
];

const BYTE_UNITS: readonly Unit[] = [
  { name: 'bytes', size: 1 },
  { name: 'kB', size: 1e3 },
  { name: 'MB', size: 1e6 },
  { name: 'GB', size: 1e9 },
  { name: 'TB', size: 1e12 },
];

/** Milliseconds in ns, µs, ms or s: 132 ns, 29.9 ms, 3,600 s. */
export function formatDuration(ms: number): string {
  return inUnits(ms, TIME_UNITS, 'ms');
}

/** The unit for an axis of milliseconds that ends at `ms`. */
export function timeUnit(ms: number): Unit {
  return unitFor(ms, TIME_UNITS);
}

/** 152 bytes, 12.7 MB (decimal). */
export function formatBytes(bytes: number): string {
  return bytes < 1000 ? `${formatCount(bytes)} bytes` : inUnits(bytes, BYTE_UNITS, 'bytes');
}

/** A ratio: 93.5 %. */
export function formatPercent(ratio: number): string {
  return Number.isFinite(ratio) ? `${formatNumber(100 * ratio)} %` : 'n/a';
}

/** 277,699 vectors/s. */
export function formatRate(vectorsPerSecond: number): string {
  return Number.isFinite(vectorsPerSecond) ? `${formatNumber(vectorsPerSecond)} vectors/s` : 'n/a';
}

/** `1 vector`, `2 vectors`, `8,304 vectors`. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

function inUnits(value: number, units: readonly Unit[], unitOfZero: string): string {
  if (!Number.isFinite(value)) return 'n/a';
  if (value === 0) return `0 ${unitOfZero}`;
  const { name, size } = unitFor(value, units);
  return `${formatNumber(value / size)} ${name}`;
}

/** The largest unit of which there is one at least, once rounded: 999.7 µs are 1.00 ms. */
function unitFor(value: number, units: readonly Unit[]): Unit {
  const rounded = Number(Math.abs(value).toPrecision(3));
  return units.findLast(({ size }) => rounded >= size) ?? units[0]!;
}
