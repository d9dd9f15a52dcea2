/**
 * Figures and names as they are shown, the same in Markdown and HTML.
 */
import { formatNumber } from '../../src/reporting/format.js';
import type { NativeVariant, Operation, Variant } from './cases.js';
import { type NoiseBand, noiseFactor } from './noise.js';
import type { BenchmarkResults } from './results.js';

export const operationTitles: Record<Operation, string> = {
  magnitude: 'Magnitude',
  normalize: 'Normalise',
  sort: 'Sort',
  pipeline: 'Pipeline: magnitude, normalise, sort',
  calls: 'Many small calls, 8 vectors each',
  search: 'Search: the nearest 10, by inner product',
};

export function variantTitle(variant: Variant | NativeVariant, threads: number): string {
  switch (variant) {
    case 'javascript':
      return 'JavaScript';
    case 'scalar':
      return 'scalar WASM';
    case 'simd':
      return 'SIMD WASM';
    case 'threads':
      return `SIMD × ${threads}`;
    case 'native':
      return 'native';
    case 'native-threads':
      return `native × ${threads}`;
  }
}

export function formatSpeedup(speedup: number): string {
  return `${formatNumber(speedup)}×`;
}

/** How far the same code may differ: `0.991–1.013 (±1.3 %)`. */
function formatNoise(band: NoiseBand): string {
  const range = `${band.low.toFixed(3)}–${band.high.toFixed(3)}`;
  return `${range} (±${formatNumber(100 * (noiseFactor(band) - 1))} %)`;
}

/** What was measured where and how, one sentence each. */
export function describeSession(results: BenchmarkResults): readonly string[] {
  const { machine, settings, bandwidth, noise, threads, version, startedAt } = results;
  const onThreads = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  const sentences = [
    `simdex ${version}, ${machine.engine}, ${machine.platform}, ${machine.cpu}, ${machine.cores} cores, ` +
      `${formatNumber(machine.memoryBytes / 2 ** 30)} GiB; ${startedAt.slice(0, 10)}.`,
    `${settings.rounds} alternating rounds; vectors of ${megabytes(settings.partBytes)} a call on one thread, ` +
      `of ${megabytes(settings.setBytes)} a run on ${onThreads}; seed ${settings.seed}.`,
    `Memory: ${formatNumber(bandwidth.memoryGBps)} GB/s ` +
      `(copy ${formatNumber(bandwidth.copyGBps)}, read ${formatNumber(bandwidth.readGBps)}, ` +
      `update ${formatNumber(bandwidth.updateGBps)}).`,
  ];
  if (noise.oneThread) sentences.push(`Noise band (A/A), one thread: ${formatNoise(noise.oneThread)}.`);
  if (noise.threads) sentences.push(`Noise band (A/A), runs on ${onThreads}: ${formatNoise(noise.threads)}.`);
  if (noise.oneThread || noise.threads) {
    sentences.push(
      'Noise is how far the same code, measured twice, differed from itself: smaller differences say nothing.',
    );
  }
  return sentences;
}

/** What was found, a sentence for each variant that was measured beside JavaScript. */
export function verdictOf({ cases, threads }: BenchmarkResults): readonly string[] {
  const compared = [...new Set(cases.map(({ variant }) => variant))].filter((variant) => variant !== 'javascript');
  return compared.flatMap((variant) => {
    const speedups = cases.flatMap((result) =>
      result.variant === variant && result.speedup !== undefined ? [result.speedup] : [],
    );
    if (speedups.length === 0) return [];
    const [least, most] = [Math.min(...speedups), Math.max(...speedups)].map(formatNumber);
    const times = least === most ? least : `${least} to ${most}`;
    return [`${variantTitle(variant, threads)} is ${times} times as fast as JavaScript.`];
  });
}

function megabytes(bytes: number): string {
  return `${formatNumber(bytes / 2 ** 20)} MiB`;
}
