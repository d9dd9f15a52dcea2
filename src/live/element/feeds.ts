/**
 * Where updates come from: a monitor in the same page, or server-sent events. A feed that is closed calls nobody and holds
 * nothing: no timer, no connection, no iteration.
 */
import type { MonitorUpdate } from '../../monitoring/monitor-update.js';
import type { MonitorSource } from '../server-sent-events.js';
import { updateFromJson } from '../update-json.js';

export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'stopped' }
  | { readonly state: 'waiting'; readonly retryMs: number; readonly reason: string };

export interface FeedListener {
  /** Updates begin, again perhaps: first come the alerts that are raised. */
  begin(): void;
  take(update: MonitorUpdate): void;
  connection(connection: Connection): void;
}

export interface Feed {
  close(): void;
}

/** Longest wait before the next attempt; the first is a second, and each is twice as long as the one before. */
const LONGEST_RETRY_MS = 30_000;
const FIRST_RETRY_MS = 1000;
/** A server that says nothing for three heartbeats is gone, though its connection may look open. */
const SILENCE_MS = 45_000;

/** Reads on when the monitor is stopped and started again. */
export function followMonitor(monitor: MonitorSource, listener: FeedListener): Feed {
  let closed = false;
  let updates: AsyncIterator<MonitorUpdate> | undefined;

  async function follow(): Promise<void> {
    let stopped = false;
    listener.connection({ state: 'live' });
    for (let told = true; told; ) {
      told = false;
      updates = monitor.updates()[Symbol.asyncIterator]();
      listener.begin();
      for (let step = await updates.next(); !step.done; step = await updates.next()) {
        if (closed) return;
        told = true;
        // A stopped monitor too says what is raised.
        if (stopped && step.value.type !== 'alert') {
          stopped = false;
          listener.connection({ state: 'live' });
        }
        listener.take(step.value);
      }
      if (closed) return;
      stopped = true;
      listener.connection({ state: 'stopped' });
    }
  }

  follow().catch((error: unknown) => {
    if (closed) return;
    listener.connection({ state: 'stopped' });
    reportError(error);
  });
  return {
    close() {
      closed = true;
      updates?.return?.().catch(reportError);
    },
  };
}

/** Connects again whenever the connection is lost, refused or silent. */
export function followUrl(url: string, listener: FeedListener): Feed {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;

  function connect(): void {
    listener.connection({ state: 'connecting' });
    try {
      source = new EventSource(url);
    } catch {
      // Not a URL: no attempt will do better.
      listener.connection({ state: 'stopped' });
      return;
    }
    source.addEventListener('open', () => {
      listener.begin();
      listener.connection({ state: 'live' });
      heard();
    });
    source.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      heard();
      take(String(data));
    });
    source.addEventListener('heartbeat', heard);
    source.addEventListener('error', () => retry('the connection was lost or refused'));
    watchSilence();
  }

  function heard(): void {
    retryMs = FIRST_RETRY_MS;
    watchSilence();
  }

  function watchSilence(): void {
    clearTimeout(timer);
    timer = setTimeout(() => retry('the server is silent'), SILENCE_MS);
  }

  function take(data: string): void {
    try {
      const update = updateFromJson(data);
      if (update) listener.take(update);
    } catch (error) {
      retry(`the server sent what is no update (${error instanceof Error ? error.message : String(error)})`);
    }
  }

  function retry(reason: string): void {
    disconnect();
    listener.connection({ state: 'waiting', retryMs, reason });
    timer = setTimeout(connect, retryMs);
    retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS);
  }

  function disconnect(): void {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  }

  connect();
  return { close: disconnect };
}
