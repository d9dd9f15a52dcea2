/**
 * simdex/metrics: figures of monitors for Prometheus and OpenTelemetry, on every platform.
 */
export { IndexingError, type IndexingErrorCode, type IndexingErrorDetails, type RowRange } from './base/errors.js';
export {
  type OpenTelemetryCallback,
  type OpenTelemetryMeter,
  type OpenTelemetryOptions,
  registerWithOpenTelemetry,
} from './metrics/open-telemetry.js';
export { type PromClientRegistry, registerWithPromClient } from './metrics/prom-client.js';
export type { PrometheusOptions } from './metrics/prometheus-families.js';
export { prometheusContentType, prometheusText } from './metrics/prometheus-text.js';
export type { IndexBytes, MetricsSource, ThreadNumbers } from './metrics/reading.js';
export type { MetricsRegistration } from './metrics/registration.js';
