/**
 * The results as tables: one for each operation, a row for each size, columns for each variant.
 */
import { type NativeVariant, nativeVariants, type Operation, operations, type Variant, variants } from './cases.js';
import type { BenchmarkResults, CaseResult } from './results.js';

export interface OperationTable {
  readonly operation: Operation;
  /** Variants that were measured, in order. */
  readonly variants: readonly (Variant | NativeVariant)[];
  readonly rows: readonly SizeRow[];
}

export interface SizeRow {
  readonly dims: number;
  /** One for each variant; undefined where it was not measured. */
  readonly cases: readonly (CaseResult | undefined)[];
}

/** Tables of the operations that were measured, sizes ascending. */
export function operationTables({ cases }: BenchmarkResults): readonly OperationTable[] {
  const tables = operations.map((operation) => {
    const own = cases.filter((result) => result.operation === operation);
    const present = [...variants, ...nativeVariants].filter((variant) =>
      own.some((result) => result.variant === variant),
    );
    const sizes = [...new Set(own.map(({ dims }) => dims))].sort((a, b) => a - b);
    const rows = sizes.map((dims) => ({
      dims,
      cases: present.map((variant) => own.find((result) => result.dims === dims && result.variant === variant)),
    }));
    return { operation, variants: present, rows };
  });
  return tables.filter(({ rows }) => rows.length > 0);
}

/** Variants whose speed-up and rate a table shows: those that are not the baseline. */
export function comparedVariants({ variants: present }: OperationTable): readonly (Variant | NativeVariant)[] {
  return present.filter((variant) => variant !== 'javascript');
}

export function caseOf(table: OperationTable, row: SizeRow, variant: Variant | NativeVariant): CaseResult | undefined {
  return row.cases[table.variants.indexOf(variant)];
}
