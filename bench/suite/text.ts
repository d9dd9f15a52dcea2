/**
 * Figures and names as they are shown, the same in Markdown and HTML.
 */
import { formatNumber } from '../../src/reporting/format.js';
import { isOfKernel, type NativeVariant, type Operation, type Variant } from './cases.js';
import { type NoiseBand, noiseFactor, WIDEST_BAND } from './noise.js';
import type { BenchmarkResults } from './results.js';

export const operationTitles: Record<Operation, string> = {
  magnitude: 'Magnitude',
  normalize: 'Normalise',
  sort: 'Sort',
  pipeline: 'Pipeline: magnitude, normalise, sort',
  calls: 'Many small calls, 8 vectors each',
  search: 'Search: the nearest 10, by inner product',
  graph: 'Graph: the nearest 10, by inner product, at a recall of 0.95',
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

/** The range within which the same code may differ: `0.991–1.013 (±1.3 %)`. */
function formatNoise(band: NoiseBand): string {
  const range = `${band.low.toFixed(3)}–${band.high.toFixed(3)}`;
  return `${range} (±${formatNumber(100 * (noiseFactor(band) - 1))} %)`;
}

/** The machine, the settings and the method of a session, one sentence each. */
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

/** The findings: a sentence for each variant that was measured beside JavaScript; of small calls and searches apart. */
export function verdictOf({ cases, threads, noise }: BenchmarkResults): readonly string[] {
  const kinds = [
    { name: '', own: cases.filter(({ operation }) => isOfKernel(operation)) },
    { name: 'Many small calls: ', own: cases.filter(({ operation }) => operation === 'calls') },
    { name: 'Search: ', own: cases.filter(({ operation }) => operation === 'search') },
  ];
  const widest = Math.max(...[noise.oneThread, noise.threads].map((band) => (band ? noiseFactor(band) : 1)));
  const warning = `Too noisy to rely on: the same code differed from itself by up to ${formatNumber(100 * (widest - 1))} %. Close other programs.`;
  const found = kinds.flatMap(({ name, own }) => {
    const compared = [...new Set(own.map(({ variant }) => variant))].filter((variant) => variant !== 'javascript');
    return compared.flatMap((variant) => {
      const speedups = own.flatMap((result) => (result.variant === variant ? (result.speedup ?? []) : []));
      if (speedups.length === 0) return [];
      const [least, most] = [Math.min(...speedups), Math.max(...speedups)].map(formatNumber);
      const times = least === most ? least : `${least} to ${most}`;
      return [`${name}${variantTitle(variant, threads)} is ${times} times as fast as JavaScript.`];
    });
  });
  return widest > WIDEST_BAND ? [warning, ...found] : found;
}

function megabytes(bytes: number): string {
  return `${formatNumber(bytes / 2 ** 20)} MiB`;
}
