/**
 * simdex/monitor-element: defines `<simdex-monitor>` when it is imported.
 */
import { SimdexMonitorElement } from './live/element/monitor-element.js';

declare global {
  interface HTMLElementTagNameMap {
    'simdex-monitor': SimdexMonitorElement;
  }
}

// Not twice, for pages that import two copies; not at all where there are no pages.
if (globalThis.customElements && !customElements.get('simdex-monitor')) {
  customElements.define('simdex-monitor', SimdexMonitorElement);
}

export type { MonitorSource } from './live/server-sent-events.js';
export { SimdexMonitorElement };
