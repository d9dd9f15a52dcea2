/**
 * A report as plain data for JSON, and back, the same to the bit. JSON has no NaN and no infinities: such a figure is
 * null there and NaN when it comes back. Counts and ids are never null.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import { type IndexingPerformanceReportData, reportField } from './report-data.js';

/** What JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** All fields of `data`, nulls for numbers that are not finite, without the parts that are undefined. */
export function reportToJson(data: IndexingPerformanceReportData): { readonly [name: string]: JsonValue } {
  return toJsonObject(data);
}

/**
 * The data of a report from JSON text, or from what `JSON.parse` made of it.
 *
 * @throws IndexingError `InvalidConfiguration` naming the field that is missing or wrong.
 */
export function reportFromJson(json: unknown): IndexingPerformanceReportData {
  const report = reportField(typeof json === 'string' ? parse(json) : json, 'report');
  checkPerThread('threadTimesMs', report.threadTimesMs, report.threadCount);
  if (report.threadUtilization) checkPerThread('threadUtilization', report.threadUtilization, report.threadCount);
  if (report.threadPerformance.length > 0) {
    checkPerThread('threadPerformance', report.threadPerformance, report.threadCount);
  }
  report.batches.forEach(({ threadId }, i) => {
    if (threadId < report.threadCount) return;
    const expected = `below ${report.threadCount}, the thread count`;
    throw invalidConfiguration(`report.batches[${i}].threadId`, expected, threadId);
  });
  return report;
}

function toJsonValue(value: unknown): JsonValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(toJsonValue);
  return toJsonObject(value);
}

function toJsonObject(value: unknown): { readonly [name: string]: JsonValue } {
  const present = Object.entries(value ?? {}).filter(([, field]) => field !== undefined);
  return Object.fromEntries(present.map(([name, field]) => [name, toJsonValue(field)]));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new IndexingError('InvalidConfiguration', 'report must be JSON, and cannot be parsed', { cause });
  }
}

function checkPerThread(name: string, list: readonly unknown[], threadCount: number): void {
  if (list.length !== threadCount) {
    throw invalidConfiguration(`report.${name}`, `an array of ${threadCount}, one entry per thread`, list);
  }
}
