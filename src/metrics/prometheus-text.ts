/**
 * Prometheus' text exposition format, version 0.0.4. Names and help come from this package, and prefixes are checked; values of labels
 * may come from outside, and are escaped.
 */
import { type Family, familiesOf, type PrometheusOptions, type Sample } from './prometheus-families.js';
import { type MetricsSource, type Reading, takeReading } from './reading.js';

/** The `Content-Type` to serve {@link prometheusText} with. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * The metrics of `source`, now, as a Prometheus server scrapes them. Texts of sources with different prefixes may be
 * joined.
 *
 * @throws IndexingError `InvalidConfiguration` for a prefix that is not one, or an unknown option.
 *
 * @example
 * ```js
 * import { PerformanceMonitor } from 'simdex';
 * import { prometheusText } from 'simdex/metrics';
 *
 * const monitor = new PerformanceMonitor();
 * monitor.recordQueryTime(2);
 * console.log(prometheusText(monitor).includes('simdex_query_duration_seconds_count 1')); // true
 * ```
 */
export function prometheusText(source: MetricsSource, options: PrometheusOptions = {}): string {
  const reading = takeReading(source);
  return familiesOf(source, options)
    .map((family) => familyText(family, reading))
    .join('');
}

function familyText({ name, type, help, samples }: Family, reading: Reading): string {
  return samplesText({ name, type, help }, samples(reading));
}

/** The lines of a family. */
export function samplesText(
  { name, type, help }: Pick<Family, 'name' | 'type' | 'help'>,
  samples: readonly Sample[],
): string {
  const lines = samples.map(({ suffix, labels, value }) => `${name}${suffix}${labelsText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelsText(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
