/**
 * simdex/monitor-events: a monitor as server-sent events, for `<simdex-monitor src>` and for any EventSource.
 */
export {
  type MonitorSource,
  type ServerSentEventsOptions,
  serverSentEvents,
  serverSentEventsHeaders,
} from './live/server-sent-events.js';
