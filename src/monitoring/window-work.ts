/**
 * What runs do in a window: the part of it that no performance monitor records.
 */
import type { MonitorWindow } from './monitor-window.js';
import { RunThroughput } from './run-throughput.js';

export class WindowWork {
  readonly #throughput = new RunThroughput();
  #kinds = new Set<string | undefined>();
  #timesResolved = true;

  /**
   * Takes in `elapsedMs` of a run that does `work`.
   *
   * @param timesResolved whether its index times spread by more than the clock's steps
   */
  add(work: string | undefined, vectors: number, elapsedMs: number, timesResolved: boolean): void {
    this.#throughput.add(vectors, elapsedMs);
    this.#kinds.add(work);
    this.#timesResolved &&= timesResolved;
  }

  /**
   * Of the window that ends now; the next begins.
   *
   * @param idle whether no run is under way
   */
  take(idle: boolean): Omit<MonitorWindow, 'stats'> {
    const window = {
      vectorsPerSecond: this.#throughput.take(idle),
      work: onlyOneOf(this.#kinds),
      indexTimesResolved: this.#timesResolved,
    };
    this.#kinds = new Set();
    this.#timesResolved = true;
    return window;
  }
}

/** What is recorded without a run is one kind of work as well. */
function onlyOneOf(kinds: ReadonlySet<string | undefined>): string | undefined {
  const [kind] = kinds;
  if (kinds.size === 0) return 'none';
  return kinds.size === 1 ? kind : undefined;
}
