/**
 * Vectors per second while runs last, over stretches long enough to tell: updates cut runs anywhere, and the rate of the
 * last millisecond of a run is that of its last batches running out.
 */

/** Shortest stretch that is judged, unless it is whole runs. */
const LEAST_MS = 50;

export class RunThroughput {
  #vectors = 0;
  #elapsedMs = 0;
  /** Whether the stretch begins within a run of which a part was judged already. */
  #continues = false;

  /** Takes in `elapsedMs` of a run. */
  add(vectors: number, elapsedMs: number): void {
    this.#vectors += vectors;
    this.#elapsedMs += elapsedMs;
  }

  /**
   * The rate since it was last told; undefined where there is too little to tell yet.
   *
   * @param idle whether no run is under way
   */
  take(idle: boolean): number | undefined {
    const enough = this.#elapsedMs >= LEAST_MS || (idle && !this.#continues && this.#elapsedMs > 0);
    const perSecond = enough ? (1000 * this.#vectors) / this.#elapsedMs : undefined;
    if (enough || idle) {
      this.#vectors = 0;
      this.#elapsedMs = 0;
      this.#continues = !idle;
    }
    return perSecond;
  }
}
