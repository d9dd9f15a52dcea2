/**
 * Metrics that are registered somewhere, until `dispose()` removes them.
 */
import { disposeSymbol } from '../base/dispose-symbol.js';

/** Metrics that are registered somewhere, until it is disposed of. */
export interface MetricsRegistration extends Disposable {
  /** Takes the metrics out again. */
  dispose(): void;
}

export function registration(dispose: () => void): MetricsRegistration {
  return { dispose, [disposeSymbol]: dispose };
}
