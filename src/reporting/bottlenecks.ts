/**
 * What held a run back: causes whose share of its time is worth a change, the greatest first, each with the figure behind it
 * and what to do. Pure.
 */
import type { Losses } from './losses.js';
import type { Bottleneck, RunConditions } from './report-data.js';

/** What the sentences name beside times. */
export interface BottleneckFacts {
  readonly totalTimeMs: number;
  /** Vectors handled, rejected ones included. */
  readonly vectors: number;
  readonly threads: number;
  readonly batches: number;
  readonly batchSize: number;
  /** Busy time of all threads together. */
  readonly busyMs: number;
  readonly copiedBytes: number;
  readonly conditions: RunConditions;
}

/** Below this share of the time, and this many milliseconds, no cause is worth a change. */
const LEAST_SHARE = 0.1;
const LEAST_MS = 1;
/** A run that is over at once is mostly beginning and end; from half on, the vectors are too few. */
const DISPATCH_SHARE = 0.5;
/** Near its measured bandwidth, the memory is what the threads wait for. */
const MEMORY_SHARE = 0.7;
/** What other programs take now and then is no oversubscription. */
const PROCESSOR_SHARE = 0.25;
/** Dispatch is to be at most this share of the time of a run that is large enough. */
const GOOD_DISPATCH_SHARE = 0.1;
/** Batches for each thread, so that the last one may idle little: the plan's own aim. */
const BATCHES_PER_THREAD = 16;
/** Batches whose size is not given have as many vectors or more. */
const LEAST_CHOSEN_SIZE = 50;

export function findBottlenecks(losses: Losses, facts: BottleneckFacts): Bottleneck[] {
  const { totalTimeMs } = facts;
  if (totalTimeMs <= 0) return [];
  const found: Bottleneck[] = [];
  const add = (name: Bottleneck['name'], lostMs: number, leastShare: number, sentence: (percent: string) => string) => {
    const share = Math.min(1, lostMs / totalTimeMs);
    if (share < leastShare || (lostMs < LEAST_MS && name !== 'few vectors')) return;
    found.push({ name, share, lostMs, recommendation: sentence(`${(100 * share).toFixed(1)}%`) });
  };
  const { threads, conditions } = facts;
  add('copying', losses.copyingMs, LEAST_SHARE, (percent) => copying(percent, facts));
  add('first touch', losses.firstTouchMs, LEAST_SHARE, (percent) => firstTouch(percent, facts));
  add('memory bandwidth', losses.memoryMs, MEMORY_SHARE, (percent) => memoryBandwidth(percent, facts));
  if (threads > 1) {
    add('imbalance', losses.imbalanceMs, LEAST_SHARE, (percent) => imbalance(percent, facts));
    add('few vectors', losses.dispatchMs, DISPATCH_SHARE, (percent) => fewVectors(percent, losses.dispatchMs, facts));
  }
  add('start-up', losses.startUpMs, LEAST_SHARE, (percent) => startUp(percent, facts));
  const processorShare = threads > conditions.availableThreads ? LEAST_SHARE : PROCESSOR_SHARE;
  add('processors', losses.withoutProcessorMs, processorShare, (percent) => processors(percent, facts));
  return found.sort((a, b) => b.share - a.share);
}

function copying(percent: string, { copiedBytes }: BottleneckFacts): string {
  return (
    `Threads waited ${percent} of the time for rows to be copied in (${megabytes(copiedBytes)}). ` +
    'Fill a matrix from allocate() and index it with inPlace, or give rows in a SharedArrayBuffer, which the threads copy themselves.'
  );
}

function firstTouch(percent: string, { conditions }: BottleneckFacts): string {
  return (
    `First touch of fresh memory (${megabytes(conditions.freshBytes)}) took about ${percent} of the time. ` +
    'Dispose results, or receive them with into: a run then uses memory that was touched before.'
  );
}

function memoryBandwidth(percent: string, { copiedBytes, threads, conditions }: BottleneckFacts): string {
  const rate = ((conditions.memory?.bytesPerMs ?? 0) / 1e6).toFixed(1);
  const found = `Memory bandwidth was the limit for ${percent} of the time (${rate} GB/s measured).`;
  if (copiedBytes > 0) return `${found} Index with inPlace: rows that are not copied in move half as many bytes.`;
  const enough = Math.min(threads, Math.max(1, Math.ceil(1 / (conditions.memory?.oneThreadShare ?? 1))));
  return enough < threads
    ? `${found} Use ${enough} thread${enough === 1 ? '' : 's'}: more do not make it faster.`
    : `${found} More threads would not make it faster.`;
}

function imbalance(percent: string, { batches, threads, batchSize, vectors }: BottleneckFacts): string {
  const found = `Threads waited ${percent} of the time for the last one (${batches} batches for ${threads} threads, up to ${batchSize} vectors each).`;
  const size = Math.max(1, Math.floor(vectors / (threads * BATCHES_PER_THREAD)));
  if (size < batchSize)
    return `${found} Set batchSize to ${size}${size < LEAST_CHOSEN_SIZE ? '' : ', or leave it out'}.`;
  return `${found} Use fewer threads, or index more vectors at a time.`;
}

function fewVectors(percent: string, dispatchMs: number, { vectors, threads, busyMs }: BottleneckFacts): string {
  const workMs = dispatchMs * (1 / GOOD_DISPATCH_SHARE - 1);
  const enough = Math.max(2 * vectors, Math.ceil((workMs * threads * vectors) / Math.max(busyMs, 1e-6)));
  const each = (vectors / threads).toFixed(0);
  return `Beginning and ending took ${percent} of the time of so few vectors (${each} per thread). Index ${twoDigits(enough)} or more at a time.`;
}

function startUp(percent: string, { conditions }: BottleneckFacts): string {
  return (
    `Waiting for ${conditions.startedThreads} threads to start took ${percent} of the time. ` +
    'Call ready() before, and keep the indexer for further runs.'
  );
}

function processors(percent: string, { threads, conditions }: BottleneckFacts): string {
  const found = `Threads at work had no processor for ${percent} of the time`;
  const { availableThreads } = conditions;
  if (threads <= availableThreads) {
    return `${found}: other programs took it. ${threads > 1 ? 'Use fewer threads, or end them' : 'End them'}.`;
  }
  const use = `Use ${availableThreads} thread${availableThreads === 1 ? '' : 's'}`;
  return `${found} (${threads} threads, ${availableThreads} available). ${use}.`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;
}

/** Rounded up, since more is not needed to that precision. */
function twoDigits(value: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return String(Math.ceil(value / unit) * unit);
}
