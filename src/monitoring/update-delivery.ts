/**
 * Brings updates to listeners, by type, and to any number of readers. Everyone gets them in order, also when a listener causes
 * further ones. Nobody can delay or fail whoever delivers.
 */
import type { AlertRule, AlertUpdate, MonitorUpdate } from './monitor-update.js';
import { UpdateChannel } from './update-channel.js';
import { UpdateListeners } from './update-listeners.js';

export class UpdateDelivery<Report> {
  readonly listeners: UpdateListeners<Report>;
  readonly #channels = new Set<UpdateChannel<Report>>();
  /** The updates that raised what is raised, for those who begin to read later. */
  readonly #alertsRaised = new Map<AlertRule, AlertUpdate>();
  /** On their way out, while a listener is called that causes further ones. */
  readonly #outbox: (MonitorUpdate<Report> | 'end')[] = [];
  #delivering = false;

  /** @param onListenerError called with what a listener throws or rejects with */
  constructor(onListenerError: (error: unknown) => void) {
    this.listeners = new UpdateListeners(onListenerError);
  }

  /** Opens a channel for one reader: the alerts that are raised now, then all updates until the end. */
  open(): UpdateChannel<Report> {
    const channel = new UpdateChannel<Report>((returned) => this.#channels.delete(returned));
    for (const alert of this.#alertsRaised.values()) channel.push(alert);
    this.#channels.add(channel);
    return channel;
  }

  deliver(updates: readonly MonitorUpdate<Report>[]): void {
    this.#send(updates);
  }

  /** Delivers the last updates, and ends those who read. Listeners stay. */
  end(last: readonly MonitorUpdate<Report>[]): void {
    this.#send([...last, 'end']);
  }

  #send(updates: readonly (MonitorUpdate<Report> | 'end')[]): void {
    this.#outbox.push(...updates);
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) {
        if (next === 'end') this.#endChannels();
        else this.#deliverOne(next);
      }
    } finally {
      this.#delivering = false;
    }
  }

  #deliverOne(update: MonitorUpdate<Report>): void {
    if (update.type === 'alert') this.#remember(update);
    for (const channel of this.#channels) channel.push(update);
    this.listeners.call(update);
  }

  #remember(alert: AlertUpdate): void {
    if (alert.state === 'raised') this.#alertsRaised.set(alert.rule, alert);
    else this.#alertsRaised.delete(alert.rule);
  }

  #endChannels(): void {
    for (const channel of this.#channels) channel.end();
    this.#channels.clear();
  }
}
