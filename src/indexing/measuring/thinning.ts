/**
 * Series of any length in bounded memory. When a series is full, it is thinned to half, evenly over its whole length. From
 * then on it grows at half the density.
 */
import type { QueueDepthSample } from '../../reporting/report-data.js';

/** Every item, then every second, then every fourth. */
export class ThinnedList<T> {
  readonly #most: number;
  #items: T[] = [];
  #stride = 1;
  #added = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    if (this.#items.length === this.#most) {
      this.#items = this.#items.filter((_, i) => i % 2 === 0);
      this.#stride *= 2;
    }
    if (this.#added++ % this.#stride === 0) this.#items.push(item);
  }
}

/** A depth that lasted from `atMs` until the next span begins; in a joined one, the mean over time. */
interface Span {
  readonly atMs: number;
  depth: number;
  /** Number of samples in the span. */
  count: number;
}

/**
 * A depth over time. Picked samples would show only one phase of a depth that rises and falls with every run, so neighbours
 * are joined to their mean over time instead: the mean of the curve stays exact, and its highest sample is kept beside it.
 */
export class DepthCurve {
  readonly #most: number;
  #spans: Span[] = [];
  /** Samples joined to one span. */
  #stride = 1;
  #highest: QueueDepthSample | undefined;
  #last: QueueDepthSample | undefined;

  /** @param most samples that are kept */
  constructor(most: number) {
    // The highest sample takes two more.
    this.#most = most - 2;
  }

  add(sample: QueueDepthSample): void {
    if (this.#highest === undefined || sample.depth > this.#highest.depth) this.#highest = sample;
    this.#endLast(sample.atMs);
    const span = this.#spans.at(-1);
    if (span && span.count < this.#stride) span.count++;
    else {
      if (this.#spans.length === this.#most) this.#halve(sample.atMs);
      this.#spans.push({ ...sample, count: 1 });
    }
    this.#last = sample;
  }

  get samples(): readonly QueueDepthSample[] {
    const samples = this.#spans.map(({ atMs, depth }) => ({ atMs, depth }));
    const highest = this.#highest;
    if (this.#stride === 1 || highest === undefined) return samples;
    const after = this.#spans.findIndex(({ atMs }) => atMs > highest.atMs);
    const at = after === -1 ? samples.length : after;
    // It lasts no time, so that it has no weight in the mean.
    samples.splice(at, 0, highest, { atMs: highest.atMs, depth: samples[at - 1]!.depth });
    return samples;
  }

  /** Takes the last sample, which lasted until `atMs`, into the mean of its span. */
  #endLast(atMs: number): void {
    const span = this.#spans.at(-1);
    if (!span || !this.#last || span.count === 1) return;
    const before = this.#last.atMs - span.atMs;
    const whole = atMs - span.atMs;
    if (whole > 0) span.depth = (span.depth * before + this.#last.depth * (atMs - this.#last.atMs)) / whole;
  }

  #halve(endMs: number): void {
    const joined: Span[] = [];
    for (let i = 0; i < this.#spans.length; i += 2) {
      const first = this.#spans[i]!;
      const second = this.#spans[i + 1];
      const end = this.#spans[i + 2]?.atMs ?? endMs;
      const whole = end - first.atMs;
      if (second && whole > 0) {
        first.depth = (first.depth * (second.atMs - first.atMs) + second.depth * (end - second.atMs)) / whole;
      }
      joined.push({ ...first, count: first.count + (second?.count ?? 0) });
    }
    this.#spans = joined;
    this.#stride *= 2;
  }
}
