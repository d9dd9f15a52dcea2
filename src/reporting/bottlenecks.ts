/**
 * What held a run back. A cause is listed when its share of the time makes a change worthwhile, the largest first, with the
 * figure behind it and what to do. Pure.
 */
import { evenBatchSize, isWorthChange } from './balancing.js';
import type { Losses } from './losses.js';
import type { Bottleneck, RunConditions } from './report-data.js';

/** What the sentences name beside times. */
export interface BottleneckFacts {
  /** Time of the run, what it waited before left out. */
  readonly runMs: number;
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
/**
 * With more work for a thread and run, a long beginning or end is an accident, and more vectors would not change it: where nothing
 * comes between, they take some 0.1 to 0.5 ms.
 */
const LITTLE_WORK_MS = 0.5;
/** Near its measured bandwidth, the memory is what the threads wait for; well beyond it, their data were in caches. */
const MEMORY_SHARE = 0.7;
const CACHED_SHARE = 1.4;
/** What other programs take now and then is no oversubscription. */
const PROCESSOR_SHARE = 0.25;
/** Where they take more, threads beyond the processors get their process more of them: they are not useless then. */
const OTHERS_SHARE = 0.1;
/** Dispatch is to be at most this share of the time of a run that is large enough. */
const GOOD_DISPATCH_SHARE = 0.1;
/** Batches whose size is not given have as many vectors or more. */
const LEAST_CHOSEN_SIZE = 50;

/** A cause that may have held a run back. */
interface Cause {
  readonly name: Bottleneck['name'];
  readonly lostMs: number;
  readonly gainMs: number;
  /** Below this share of what the run would take without other programs, it is not worth a change. */
  readonly leastShare: number;
  /** Whether what it asks for helps, whatever its share. */
  readonly applies: boolean;
  readonly ofMs: number;
  readonly sentence: (percent: string) => string;
}

export function findBottlenecks(losses: Losses, facts: BottleneckFacts): Bottleneck[] {
  const { runMs } = facts;
  if (runMs <= 0) return [];
  return causesOf(losses, facts)
    .filter(({ applies, lostMs, leastShare, ofMs }) => applies && lostMs >= leastShare * ofMs)
    .map(({ name, lostMs, gainMs, sentence }) => {
      const share = Math.min(1, lostMs / runMs);
      return { name, share, lostMs, gainMs, recommendation: sentence(`${(100 * share).toFixed(1)}%`) };
    })
    .sort((a, b) => b.share - a.share);
}

function causesOf(losses: Losses, facts: BottleneckFacts): readonly Cause[] {
  const { runMs, threads, copiedBytes, conditions } = facts;
  const { memoryMs, withoutProcessorMs, takenByOthersMs } = losses;
  const oversubscribed = threads > conditions.availableThreads;
  const othersTook = takenByOthersMs >= OTHERS_SHARE * runMs;
  // While threads have no processor, nothing is asked of the memory.
  const ownMs = Math.max(runMs - takenByOthersMs, 1e-6);
  const memoryShare = memoryMs / ownMs;
  // Where other programs took much, they are what held the run back.
  const othersTookMuch = takenByOthersMs >= PROCESSOR_SHARE * runMs;
  const memoryBound =
    memoryShare >= MEMORY_SHARE && memoryShare <= CACHED_SHARE && (copiedBytes > 0 || !othersTookMuch);
  // Two sentences must not name two numbers of threads.
  const threadsToUse =
    memoryBound && copiedBytes === 0 ? enoughThreads(threads, conditions) : conditions.availableThreads;
  const cause = (
    name: Bottleneck['name'],
    lostMs: number,
    sentence: Cause['sentence'],
    more: Partial<Pick<Cause, 'gainMs' | 'leastShare' | 'applies' | 'ofMs'>> = {},
  ): Cause => {
    const { gainMs = lostMs, leastShare = LEAST_SHARE, applies = lostMs >= LEAST_MS, ofMs = ownMs } = more;
    return { name, lostMs, gainMs, leastShare, applies, ofMs, sentence };
  };
  return [
    cause('copying', losses.copyingMs, (percent) => copying(percent, facts)),
    cause('first touch', losses.firstTouchMs, (percent) => firstTouch(percent, facts)),
    cause('memory bandwidth', Math.min(memoryMs, runMs), (percent) => memoryBandwidth(percent, facts), {
      gainMs: copiedBytes > 0 ? Math.min(memoryMs, runMs) / 2 : 0,
      applies: memoryBound,
    }),
    cause('imbalance', losses.imbalanceMs, (percent) => imbalance(percent, facts), {
      // A thread that takes over work has no better processor than the one that gives it.
      gainMs: losses.balancingGainMs * processorShare(facts),
      applies: threads > 1 && isWorthChange(losses.balancingGainMs, runMs),
    }),
    cause('few vectors', losses.dispatchMs, (percent) => fewVectors(percent, losses.dispatchMs, facts), {
      leastShare: DISPATCH_SHARE,
      applies: threads > 1 && workMs(facts) <= LITTLE_WORK_MS * threads * conditions.runs,
    }),
    cause('start-up', losses.startUpMs, (percent) => startUp(percent, facts)),
    cause('processors', withoutProcessorMs, (percent) => processors(percent, facts, threadsToUse, othersTook), {
      gainMs: oversubscribed && !othersTook ? 0 : takenByOthersMs,
      ofMs: runMs,
      leastShare: oversubscribed ? LEAST_SHARE : PROCESSOR_SHARE,
      applies: oversubscribed ? withoutProcessorMs >= LEAST_MS : isWorthChange(withoutProcessorMs, runMs),
    }),
  ];
}

/** The share, 0..1, of the threads' working time in which they had a processor. */
function processorShare({ busyMs, conditions }: BottleneckFacts): number {
  return conditions.cpuMs === undefined || busyMs <= conditions.cpuMs ? 1 : conditions.cpuMs / busyMs;
}

/** Working time of all threads together. Time in which a thread waited for a processor does not count. */
function workMs({ busyMs, conditions }: BottleneckFacts): number {
  return Math.min(busyMs, conditions.cpuMs ?? busyMs);
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
  const enough = enoughThreads(threads, conditions);
  return enough < threads
    ? `${found} Use ${enough} thread${enough === 1 ? '' : 's'}: more do not make it faster.`
    : `${found} More threads would not make it faster.`;
}

/** That the memory can serve and processors are there for. */
function enoughThreads(threads: number, { memory, availableThreads }: RunConditions): number {
  return Math.min(threads, availableThreads, Math.max(1, Math.ceil(1 / (memory?.oneThreadShare ?? 1))));
}

function imbalance(percent: string, { batches, threads, batchSize, vectors, conditions }: BottleneckFacts): string {
  const size = evenBatchSize(vectors / conditions.runs, threads);
  return (
    `Threads waited ${percent} of the time for the last one (${batches} batches for ${threads} threads, up to ${batchSize} vectors each). ` +
    `Set batchSize to ${size}${size < LEAST_CHOSEN_SIZE ? '' : ', or leave it out'}.`
  );
}

function fewVectors(percent: string, dispatchMs: number, facts: BottleneckFacts): string {
  const { threads, conditions } = facts;
  // In a stream, each chunk is a run, so this is the size of a chunk.
  const vectors = facts.vectors / conditions.runs;
  const neededMs = dispatchMs * (1 / GOOD_DISPATCH_SHARE - 1);
  const enough = Math.max(2 * vectors, Math.ceil((neededMs * threads * vectors) / Math.max(workMs(facts), 1e-6)));
  const each = (vectors / threads).toFixed(0);
  return `Beginning and ending took ${percent} of the time of so few vectors (${each} per thread). Index ${twoDigits(enough)} or more at a time.`;
}

function startUp(percent: string, { conditions }: BottleneckFacts): string {
  return (
    `Waiting for ${conditions.startedThreads} threads to start took ${percent} of the time. ` +
    'Call ready() before, and keep the indexer for further runs.'
  );
}

function processors(percent: string, facts: BottleneckFacts, toUse: number, othersTook: boolean): string {
  const { threads, conditions } = facts;
  const { availableThreads } = conditions;
  const found = `Threads at work had no processor for ${percent} of the time`;
  if (threads <= availableThreads) return `${found}: other programs took it. End them, or run when they have ended.`;
  const use = `Use ${toUse} thread${toUse === 1 ? '' : 's'}`;
  // Waiting threads cost the run little: what they would do, others do meanwhile.
  return othersTook
    ? `${found} (${threads} threads, ${availableThreads} available, of which other programs took a part). End them, or run when they have ended. ${use} then: more do not make it faster.`
    : `${found} (${threads} threads, ${availableThreads} available). ${use}: more do not make it faster.`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;
}

/** Rounded up, since more is not needed to that precision. */
function twoDigits(value: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return String(Math.ceil(value / unit) * unit);
}
