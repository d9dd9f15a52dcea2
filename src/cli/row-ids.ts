/**
 * Checks the ids of the rows of all files together. Either every row has an id, or none has. In an index no id may occur
 * twice. Files that each count from 0 are the usual cause.
 */
import { IndexingError } from '../base/errors.js';
import { UniqueIds } from '../vectors/unique-ids.js';
import type { VectorId } from '../vectors/vector-id.js';

export class RowIds {
  readonly #unique: UniqueIds | undefined;
  readonly #nameOf: (row: number) => string;
  /** Whether the first row has an id; undefined before there is a row. */
  #hasIds: boolean | undefined;

  /**
   * @param isIndex whether an id may be there once only
   * @param nameOf says which row of which file a row is
   */
  constructor(isIndex: boolean, nameOf: (row: number) => string) {
    this.#unique = isIndex ? new UniqueIds() : undefined;
    this.#nameOf = nameOf;
  }

  /** @throws {IndexingError} `InvalidConfiguration` naming two rows that do not go together */
  check(ids: readonly VectorId[] | undefined, firstRow: number, count: number): void {
    if (count === 0) return;
    this.#hasIds ??= ids !== undefined;
    if (this.#hasIds !== (ids !== undefined)) {
      const [has, lacks] = this.#hasIds ? [0, firstRow] : [firstRow, 0];
      throw refusal(
        `${this.#nameOf(has)} has an id and ${this.#nameOf(lacks)} has none; give every row an id, or none, or write a .npy file`,
      );
    }
    for (const [i, id] of ids?.entries() ?? []) {
      const earlier = this.#unique?.add(id, firstRow + i);
      if (earlier === undefined) continue;
      const rows = `${this.#nameOf(earlier)} and ${this.#nameOf(firstRow + i)}`;
      throw refusal(`${rows} have the same id, ${JSON.stringify(id)}; an index needs unique ids`);
    }
  }
}

function refusal(sentence: string): IndexingError {
  return new IndexingError('InvalidConfiguration', sentence);
}
