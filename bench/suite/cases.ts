/**
 * What can be measured: an operation on vectors of a size by a variant of the code, named `operation/dims/variant`.
 */
import { invalidConfiguration } from '../../src/base/errors.js';
import type { KernelOperation } from '../../src/kernel/kernel-exports.js';

export const operations = ['magnitude', 'normalize', 'sort', 'pipeline', 'calls', 'search', 'graph'] as const;
export type Operation = (typeof operations)[number];

/** Plain JavaScript on ordinary arrays, the kernel without and with SIMD on one thread, and the indexer on its threads. */
export const variants = ['javascript', 'scalar', 'simd', 'threads'] as const;
export type Variant = (typeof variants)[number];

/** A native program in place of simdex, on one thread and on as many as `threads` has. */
export const nativeVariants = ['native', 'native-threads'] as const;
export type NativeVariant = (typeof nativeVariants)[number];

const allDims = [64, 128, 256, 384, 512, 768, 1024, 1536, 2048] as const;
const QUICK_DIMS: readonly number[] = [128, 768];

/** One line of a comparison: the same operation on vectors of one size, by several variants. */
export interface CaseGroup {
  readonly operation: Operation;
  readonly dims: number;
  readonly variants: readonly Variant[];
}

/** Operations of the kernel. The others are what programs do with the package as it is. */
export const kernelOperations = {
  magnitude: 'magnitudes',
  normalize: 'normalize',
  sort: 'sort',
  pipeline: 'process',
} as const satisfies Partial<Record<Operation, KernelOperation>>;
export type KernelOperationName = keyof typeof kernelOperations;

export function isOfKernel(operation: Operation): operation is KernelOperationName {
  return Object.hasOwn(kernelOperations, operation);
}

export interface OperationTraits {
  /**
   * Bytes that the operation must move for a component: it reads it, and writes it unless it only looks. undefined where that
   * depends on the way it is done.
   */
  readonly bytesPerComponent: number | undefined;
  /** Order of the components in a native program; undefined where it has no such operation. */
  readonly nativeOrder: 'sorted' | 'original' | undefined;
}

export const operationTraits: Record<Operation, OperationTraits> = {
  magnitude: { bytesPerComponent: 4, nativeOrder: undefined },
  normalize: { bytesPerComponent: 8, nativeOrder: 'original' },
  sort: { bytesPerComponent: 8, nativeOrder: undefined },
  pipeline: { bytesPerComponent: 8, nativeOrder: 'sorted' },
  calls: { bytesPerComponent: undefined, nativeOrder: undefined },
  search: { bytesPerComponent: undefined, nativeOrder: undefined },
  graph: { bytesPerComponent: undefined, nativeOrder: undefined },
};

export function caseName(operation: Operation, dims: number, variant: Variant | NativeVariant): string {
  return `${operation}/${dims}/${variant}`;
}

/**
 * The cases whose names match one of the patterns, in which `*` stands for anything; without patterns all of them but those of
 * `graph`, which build one first, or with `quick` those of two sizes.
 *
 * @throws {IndexingError} `InvalidConfiguration` for a pattern that matches no case, listing what there is.
 */
export function selectCases(patterns: readonly string[], quick: boolean): readonly CaseGroup[] {
  const tests = patterns.map(toRegExp);
  const matched = new Set<number>();
  const groups: CaseGroup[] = [];
  for (const operation of operations) {
    for (const dims of allDims) {
      const chosen = variantsOf(operation).filter((variant) => {
        if (patterns.length === 0) return operation !== 'graph' && (!quick || QUICK_DIMS.includes(dims));
        const name = caseName(operation, dims, variant);
        const matches = [...tests.keys()].filter((i) => tests[i]!.test(name));
        for (const i of matches) matched.add(i);
        return matches.length > 0;
      });
      if (chosen.length > 0) groups.push({ operation, dims, variants: chosen });
    }
  }
  const unmatched = patterns.find((_, i) => !matched.has(i));
  if (unmatched !== undefined) throw invalidConfiguration('case', describeCases(), unmatched);
  return groups;
}

/** Variants of an operation. Programs with the package are compared with plain JavaScript alone. */
export function variantsOf(operation: Operation): readonly Variant[] {
  return isOfKernel(operation) ? variants : ['javascript', 'threads'];
}

function describeCases(): string {
  const lists = [operations, allDims, variants].map((list) => list.join(', '));
  return (
    `operation/dims/variant, with * for anything: operations ${lists[0]}; dims ${lists[1]}; ` +
    `variants ${lists[2]}, of calls, search and graph javascript and threads`
  );
}

function toRegExp(pattern: string): RegExp {
  const parts = pattern.split('*').map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
