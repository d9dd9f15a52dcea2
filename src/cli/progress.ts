/**
 * How far a command is, on standard error: a bar on a terminal, elsewhere a line every few seconds.
 */
import { createRequire } from 'node:module';
import { colorsFor } from './colors.js';

export interface Progress {
  /**
   * @param total rows there will be, as far as is known by now
   * @param by who does it now, where that changes
   */
  advance(vectors: number, total: number, by?: string): void;
  stop(): void;
}

const LINE_INTERVAL_MS = 3000;
/** What stands behind the bar, for numbers of eight digits. */
const TEXT_COLUMNS = 75;

/**
 * @param total undefined where only reading tells; nothing is shown of no rows
 * @param by what does it, in two or three words: `4 threads`
 */
export function startProgress(total: number | undefined, by: string, quiet: boolean): Progress {
  if (quiet || total === 0) return { advance: () => undefined, stop: () => undefined };
  return process.stderr.isTTY ? startBar(total, by) : startLines(total, by);
}

/** Gives the terminal back its cursor, for a process that ends while the bar is there. */
export function restoreTerminal(): void {
  if (process.stderr.isTTY) process.stderr.write('\x1b[?25h\x1b[?7h\n');
}

function startBar(total: number | undefined, by: string): Progress {
  // Most runs show no bar.
  const { Presets, SingleBar } = createRequire(import.meta.url)('cli-progress') as typeof import('cli-progress');
  const startedAt = performance.now();
  const bar = new SingleBar(
    {
      format: `${colorsFor(process.stderr).cyan('{bar}')} {percentage} % | {value}/{total} vectors | {rate}/s | {eta_formatted} left | {by}`,
      stream: process.stderr,
      barsize: Math.min(40, Math.max(8, process.stderr.columns - TEXT_COLUMNS)),
      hideCursor: true,
      clearOnComplete: true,
      formatValue: (value, _options, type) =>
        type === 'value' || type === 'total' ? value.toLocaleString('en') : String(value),
    },
    Presets.shades_classic,
  );
  let done = 0;
  bar.start(total ?? 0, 0, { rate: '-', by });
  return {
    advance(vectors, estimate, now = by) {
      done += vectors;
      bar.setTotal(estimate);
      bar.update(done, { rate: rateOf(done, startedAt).toLocaleString('en'), by: now });
    },
    stop: () => bar.stop(),
  };
}

function startLines(known: number | undefined, by: string): Progress {
  const startedAt = performance.now();
  let done = 0;
  let total = known ?? 0;
  let now = by;
  const timer = setInterval(() => {
    const rate = rateOf(done, startedAt);
    const left = rate > 0 ? `${Math.ceil((total - done) / rate)} s left` : 'time left unknown';
    const percent = total > 0 ? Math.floor((100 * done) / total) : 0;
    process.stderr.write(
      `${done.toLocaleString('en')} of ${total.toLocaleString('en')} vectors (${percent} %), ` +
        `${rate.toLocaleString('en')}/s, ${left}, ${now}\n`,
    );
  }, LINE_INTERVAL_MS);
  return {
    advance(vectors, estimate, newBy = by) {
      done += vectors;
      total = estimate;
      now = newBy;
    },
    stop: () => clearInterval(timer),
  };
}

function rateOf(done: number, startedAt: number): number {
  const seconds = (performance.now() - startedAt) / 1000;
  return seconds > 0 ? Math.round(done / seconds) : 0;
}
