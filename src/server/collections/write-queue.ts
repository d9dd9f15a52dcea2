/**
 * Writes of a collection, one group after another: those that wait together share a commit. Each is all or nothing, and has a result of its own.
 */

/** What a write does to a group: it looks first and then changes, so that one that throws has changed nothing. */
interface Write<Group> {
  readonly prepare: (group: Group) => void | Promise<void>;
  /** Whether the write must see what is committed. It is the first of its group then. */
  readonly sees: boolean;
  readonly rows: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Most rows of a commit that several writes share. */
const MOST_ROWS = 8192;

export class WriteQueue<Group> {
  readonly #createGroup: () => Group;
  readonly #commit: (group: Group) => Promise<void>;
  readonly #tidy: () => Promise<boolean>;
  readonly #waiting: Write<Group>[] = [];
  #working: Promise<void> | undefined;
  #waitingRows = 0;

  /** @param tidy does something between two groups that need not be done at once; resolves with whether there is more of that */
  constructor(createGroup: () => Group, commit: (group: Group) => Promise<void>, tidy: () => Promise<boolean>) {
    this.#createGroup = createGroup;
    this.#commit = commit;
    this.#tidy = tidy;
  }

  /** Writes that wait or are under way. */
  get waitingWrites(): number {
    return this.#waiting.length;
  }

  /** Rows of writes that wait or are under way. */
  get waitingRows(): number {
    return this.#waitingRows;
  }

  /** Resolves when the write is done; rejects with what `prepare` throws, and with what the commit rejects with. */
  async write(
    rows: number,
    prepare: (group: Group) => void | Promise<void>,
    { sees = false }: { readonly sees?: boolean } = {},
  ): Promise<void> {
    this.#waitingRows += rows;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push({ prepare, sees, rows, resolve, reject });
        this.#working ??= this.#work();
      });
    } finally {
      this.#waitingRows -= rows;
    }
  }

  /** Does something between two groups. */
  async inTurn<T>(action: () => T | Promise<T>): Promise<T> {
    let result: T | undefined;
    await this.write(
      0,
      async () => {
        result = await action();
      },
      { sees: true },
    );
    return result as T;
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async #work(): Promise<void> {
    // Requests that come in the same turn are done together.
    await new Promise((resolve) => setImmediate(resolve));
    for (let more = true; more || this.#waiting.length > 0; ) {
      if (this.#waiting.length > 0) await this.#doGroup();
      more = await this.#tidy();
    }
    this.#working = undefined;
  }

  async #doGroup(): Promise<void> {
    const group = this.#createGroup();
    const done: Write<Group>[] = [];
    let rows = 0;
    while (this.#waiting.length > 0 && rows < MOST_ROWS) {
      if (done.length > 0 && this.#waiting[0]!.sees) break;
      const write = this.#waiting.shift()!;
      try {
        const preparing = write.prepare(group);
        if (preparing) await preparing;
        done.push(write);
        rows += write.rows;
      } catch (error) {
        write.reject(error);
      }
    }
    try {
      await this.#commit(group);
      for (const { resolve } of done) resolve();
    } catch (error) {
      for (const { reject } of done) reject(error);
    }
  }
}
