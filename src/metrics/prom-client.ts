/**
 * The metrics of a monitor in the caller's prom-client registry, beside the caller's own. They are read when the registry is
 * read. The registry is the one that is given, never prom-client's global one. prom-client itself is not imported: a metric
 * here is an object with the methods that a registry calls.
 */
import { invalidConfiguration } from '../base/errors.js';
import { type Family, familiesOf, type PrometheusOptions } from './prometheus-families.js';
import { type MetricsSource, takeReading } from './reading.js';
import { type MetricsRegistration, registration } from './registration.js';

/** The part of prom-client's `Registry` that is used. */
export interface PromClientRegistry {
  /** Adds a metric, which it asks for its values whenever it is read. */
  registerMetric(metric: { get(): Promise<object>; reset(): void }): void;
  /** The metric of that name. */
  getSingleMetric(name: string): object | undefined;
  /** Takes the metric of that name out. */
  removeSingleMetric(name: string): void;
}

/**
 * Registers the metrics of `source` with a prom-client registry, which then shows them in `registry.metrics()` and
 * `getMetricsAsJSON()`. `registry.resetMetrics()` does not reset them: they belong to the monitor.
 *
 * @throws IndexingError `InvalidConfiguration` for a prefix that is not one, an unknown option, or a name that is
 * taken; nothing is registered then.
 *
 * @example
 * ```js
 * import { Registry } from 'prom-client';
 * import { PerformanceMonitor } from 'simdex';
 * import { registerWithPromClient } from 'simdex/metrics';
 *
 * const registry = new Registry();
 * const monitor = new PerformanceMonitor();
 * const registration = registerWithPromClient(registry, monitor);
 * console.log((await registry.metrics()).includes('simdex_query_duration_seconds')); // true
 * registration.dispose();
 * ```
 */
export function registerWithPromClient(
  registry: PromClientRegistry,
  source: MetricsSource,
  options: PrometheusOptions = {},
): MetricsRegistration {
  const families = familiesOf(source, options);
  const taken = families.find(({ name }) => registry.getSingleMetric(name));
  if (taken) {
    throw invalidConfiguration(
      'prefix',
      `one whose names are free in the registry (${taken.name} is not)`,
      options.prefix,
    );
  }
  const registered = families.map((family) => ({ name: family.name, metric: metricOf(family, source) }));
  for (const { metric } of registered) registry.registerMetric(metric);
  return registration(() => {
    for (const { name, metric } of registered) {
      if (registry.getSingleMetric(name) === metric) registry.removeSingleMetric(name);
    }
  });
}

/** What a registry knows of a metric, by the names it uses. */
interface PromClientMetric {
  /** A registry that writes OpenMetrics takes `_total` off a counter's name, and puts it back on every line. */
  name: string;
  readonly help: string;
  readonly type: Family['type'];
  /** How the values of several processes become one. */
  readonly aggregator: 'sum';
  get(): Promise<object>;
  reset(): void;
}

function metricOf({ name, help, type, samples }: Family, source: MetricsSource): PromClientMetric {
  return {
    name,
    help,
    type,
    aggregator: 'sum',
    async get() {
      const values = samples(takeReading(source)).map(({ suffix, labels, value }) => {
        return suffix === '' ? { labels, value } : { metricName: name + suffix, labels, value };
      });
      return { name: this.name, help, type, aggregator: this.aggregator, values };
    },
    reset() {},
  };
}
