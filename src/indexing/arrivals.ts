/**
 * Keeps calls in order. Some calls need longer than others before they can enter the queue; each enters in the order in which
 * it was made.
 */

export interface Arrival {
  /** Resolves when all earlier calls have entered or given up; undefined where they have already. */
  readonly earlier: Promise<void> | undefined;
  /** The call has entered, or gives up; twice is once. */
  leave(): void;
}

export class Arrivals {
  #last: Promise<void> | undefined;

  arrive(): Arrival {
    const earlier = this.#last;
    let entered: () => void = () => undefined;
    const own = new Promise<void>((resolve) => {
      entered = resolve;
    });
    // Later calls wait for the earlier ones of this one, too.
    const all = earlier ? earlier.then(() => own) : own;
    this.#last = all;
    const leave = () => {
      entered();
      // Most calls come when nobody else is on the way.
      if (this.#last === all && !earlier) this.#last = undefined;
    };
    if (earlier) all.then(() => this.#forget(all));
    return { earlier, leave };
  }

  #forget(arrival: Promise<void>): void {
    if (this.#last === arrival) this.#last = undefined;
  }
}
