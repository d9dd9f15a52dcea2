/**
 * A session: measures the memory, then one group of cases after the other, and says what came of it.
 */
import type { ParallelIndexer } from '../../src/indexing/parallel-indexer.js';
import { compileKernel } from '../../src/kernel/compile.js';
import { MemoryPool } from '../../src/memory/memory-pool.js';
import type { VectorIndex } from '../../src/search/vector-index.js';
import { checkAgreement } from './agreement.js';
import { BANDWIDTH_DIMS, type Bandwidth, BandwidthProbe } from './bandwidth.js';
import { loadBenchmark } from './benchmark-package.js';
import {
  type CaseGroup,
  isOfKernel,
  type KernelOperationName,
  type NativeVariant,
  nativeVariants,
  type Operation,
  operationTraits,
  type Variant,
} from './cases.js';
import { type Contender, createContender } from './contender.js';
import { createDataSet, type DataSet, type DataSizes, randomComponents, SEED } from './data-set.js';
import { createJavaScriptSubject } from './javascript-subject.js';
import { createKernelSubject } from './kernel-subject.js';
import { createNativeContender, type NativeProgram } from './native.js';
import { type NoiseBand, noiseBand, twinRatios } from './noise.js';
import { createCallsSubject, createGraphSubject, createSearchSubject } from './program-subjects.js';
import {
  type BenchmarkResults,
  type CaseSamples,
  type Machine,
  RESULTS_FORMAT,
  rounded,
  summarizeGroup,
} from './results.js';
import { measureAlternating, type RoundPlan, type RoundSamples } from './rounds.js';
import type { Subject } from './subject.js';
import { createThreadsSubject } from './threads-subject.js';

export interface SuiteInput {
  /** From `selectCases`. */
  readonly groups: readonly CaseGroup[];
  /** With the SIMD kernel; the caller's to dispose. */
  readonly indexer: ParallelIndexer;
  /** `VectorIndex.build` of the package as it was loaded. */
  readonly buildIndex: typeof VectorIndex.build;
  readonly rounds: RoundPlan;
  readonly sizes: DataSizes;
  readonly machine: Machine;
  /** Version of simdex. */
  readonly version: string;
  readonly native?: NativeProgram | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called before each group with the number of groups done. */
  readonly onProgress?: ((group: CaseGroup, done: number) => void) | undefined;
}

export const fullRounds: RoundPlan = { rounds: 8, seconds: 0.06, minSamples: 2 };
export const quickRounds: RoundPlan = { rounds: 3, seconds: 0.03, minSamples: 1 };

/** Before the first group and after the last one. */
const PROBE_PASSES = 4;

/** Rejects with the reason of `signal`, and with what any case throws. */
export async function runSuite(input: SuiteInput): Promise<BenchmarkResults> {
  const startedAt = new Date().toISOString();
  const random = randomComponents(input.sizes.partBytes / 4);
  const workshop = await Workshop.open(input);
  const probe = workshop.createProbe(createDataSet(BANDWIDTH_DIMS, input.sizes, random));
  await probe.measure(PROBE_PASSES);
  const measuredGroups: (readonly CaseSamples[])[] = [];
  const oneThread: number[] = [];
  const threads: number[] = [];
  for (const [done, group] of input.groups.entries()) {
    input.onProgress?.(group, done);
    const set = createDataSet(group.dims, input.sizes, random);
    const entries = await workshop.enter(group, set);
    await checkAgreement(entries.flatMap(({ variant, subject }) => (subject ? [{ name: variant, subject }] : [])));
    const contenders = entries.map(({ contender }) => contender);
    const measured = await measureAlternating(contenders, input.rounds, input.signal);
    for (const { subject } of entries) subject?.dispose();
    const named = entries.map((entry, i) => ({ ...entry, rounds: measured[i]! }));
    for (const twin of named.filter(({ isTwin }) => isTwin)) {
      const original = named.find(({ variant, isTwin }) => variant === twin.variant && !isTwin)!;
      (twin.variant === 'threads' ? threads : oneThread).push(...twinRatios(original.rounds, twin.rounds));
    }
    measuredGroups.push(caseSamples(group, named));
  }
  await probe.measure(PROBE_PASSES);
  probe.dispose();
  const bandwidth = roundBandwidth(probe.bandwidth);
  return {
    format: RESULTS_FORMAT,
    version: input.version,
    startedAt,
    machine: input.machine,
    threads: input.indexer.threadCount,
    settings: { rounds: input.rounds.rounds, seed: SEED, ...input.sizes },
    bandwidth,
    noise: { oneThread: bandOf(oneThread), threads: bandOf(threads) },
    cases: measuredGroups.flatMap((cases) => summarizeGroup(cases, bandwidth)),
  };
}

/** Takes part in a group. */
interface Entry {
  readonly variant: Variant | NativeVariant;
  /** Whether it is there to be compared with the other one of its variant. */
  readonly isTwin: boolean;
  readonly vectors: number;
  readonly contender: Contender;
  /** To be disposed after the group; a twin and what is native have none of their own. */
  readonly subject: Subject | undefined;
}

type SubjectFactory = (operation: KernelOperationName, variant: Variant, set: DataSet) => Subject;

/** Facts and parts that all groups use. */
class Workshop {
  readonly #input: SuiteInput;
  readonly #create: SubjectFactory;
  readonly #benchmark: Awaited<ReturnType<typeof loadBenchmark>>;

  static async open(input: SuiteInput): Promise<Workshop> {
    const benchmark = await loadBenchmark();
    const kernels = { scalar: await compileKernel('scalar'), simd: await compileKernel('simd') };
    const memories = new MemoryPool(Number.POSITIVE_INFINITY);
    await input.indexer.ready();
    return new Workshop(input, benchmark, (operation, variant, set) => {
      if (variant === 'javascript') return createJavaScriptSubject(operation, set);
      if (variant === 'threads') return createThreadsSubject(input.indexer, operation, set);
      return createKernelSubject(kernels[variant], operation, set, memories);
    });
  }

  private constructor(input: SuiteInput, benchmark: Awaited<ReturnType<typeof loadBenchmark>>, create: SubjectFactory) {
    this.#input = input;
    this.#benchmark = benchmark;
    this.#create = create;
  }

  createProbe(set: DataSet): BandwidthProbe {
    const create = (operation: KernelOperationName, variant: Variant) => this.#create(operation, variant, set);
    return new BandwidthProbe(set, {
      read: [create('magnitude', 'simd'), create('magnitude', 'threads')],
      update: [create('normalize', 'simd'), create('normalize', 'threads')],
    });
  }

  async #createSubject(operation: Operation, variant: Variant, set: DataSet): Promise<Subject> {
    if (isOfKernel(operation)) return this.#create(operation, variant, set);
    const { indexer, buildIndex } = this.#input;
    const program = variant === 'javascript' ? variant : 'threads';
    if (operation === 'calls') return createCallsSubject(program, indexer, set);
    const create = operation === 'graph' ? createGraphSubject : createSearchSubject;
    return create(program, buildIndex, indexer.threadCount, set);
  }

  /** Everything that is measured for a group: its variants, the twins of some, and the native program. */
  async enter(group: CaseGroup, set: DataSet): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    const twins = twinned(group.variants);
    for (const variant of group.variants) {
      const subject = await this.#createSubject(group.operation, variant, set);
      const contender = createContender(this.#benchmark, subject, variant === 'threads');
      const entry = { variant, vectors: subject.vectorsPerPart, contender };
      entries.push({ ...entry, isTwin: false, subject });
      if (twins.includes(variant)) entries.push({ ...entry, isTwin: true, subject: undefined });
    }
    const { native } = this.#input;
    const order = operationTraits[group.operation].nativeOrder;
    if (native && order) {
      const vectors = set.parts * set.vectorsPerPart;
      for (const variant of nativeVariants) {
        const threads = variant === 'native' ? 1 : this.#input.indexer.threadCount;
        const contender = createNativeContender(native, { count: vectors, dims: group.dims, threads, order });
        entries.push({ variant, vectors, contender, isTwin: false, subject: undefined });
      }
    }
    return entries;
  }
}

/** The variants measured twice: the fast ones, on one thread and on all, or what there is. */
function twinned(variants: readonly Variant[]): readonly Variant[] {
  const oneThread = variants.filter((variant) => variant !== 'threads').slice(-1);
  return variants.includes('threads') ? [...oneThread, 'threads'] : oneThread;
}

function caseSamples(
  { operation, dims }: CaseGroup,
  entries: readonly (Entry & { readonly rounds: RoundSamples })[],
): readonly CaseSamples[] {
  const measured = entries.filter(({ isTwin }) => !isTwin);
  return measured.map(({ variant, vectors, rounds, subject }) => ({
    operation,
    dims,
    variant,
    vectors,
    nsPerVector: rounds.flat(),
    recall: subject?.recall,
  }));
}

function bandOf(ratios: readonly number[]): NoiseBand | undefined {
  if (ratios.length === 0) return undefined;
  const { low, high } = noiseBand(ratios);
  return { low: rounded(low), high: rounded(high), ratios: ratios.length };
}

function roundBandwidth({ bytes, ...rates }: Bandwidth): Bandwidth {
  const { copyGBps, readGBps, updateGBps, memoryGBps } = rates;
  return {
    bytes,
    copyGBps: rounded(copyGBps),
    readGBps: rounded(readGBps),
    updateGBps: rounded(updateGBps),
    memoryGBps: rounded(memoryGBps),
  };
}
