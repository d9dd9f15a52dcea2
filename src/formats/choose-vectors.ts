/**
 * Which of several datasets, arrays, tensors or columns of a file holds the vectors.
 */
import { IndexingError } from '../base/errors.js';
import { malformed } from './malformed.js';

interface Choice<T> {
  /** What they are called: `dataset`. */
  readonly what: string;
  /** Entries that can be read as rows of numbers. */
  readonly candidates: readonly T[];
  /** Names of the other entries. */
  readonly others: readonly string[];
  /** Names that vectors usually have, in their order. */
  readonly known: readonly string[];
  /** The caller's own choice. */
  readonly column: string | undefined;
}

/**
 * The caller's choice; or the first with a name in `known`; or the only one.
 *
 * @throws {IndexingError} `InvalidConfiguration` where the option `column` names none or has to choose, `MalformedFile` where there
 *   is none at all.
 */
export function chooseVectors<T extends { readonly name: string }>(file: string, choice: Choice<T>): T {
  const { what, candidates, others, known, column } = choice;
  const names = candidates.map(({ name }) => name);
  if (column !== undefined) {
    const chosen = candidates.find(({ name }) => name === column);
    if (chosen) return chosen;
    const reason = others.includes(column) ? 'holds no rows of numbers' : 'is not there';
    throw option(
      file,
      `${what} ${JSON.stringify(column.slice(0, 40))} ${reason}; those with rows are ${listed(names)}`,
    );
  }
  for (const name of known) {
    const found = candidates.find((candidate) => candidate.name === name);
    if (found) return found;
  }
  const [only, ...more] = candidates;
  if (only && more.length === 0) return only;
  if (only)
    throw option(file, `several ${what}s hold rows of numbers, ${listed(names)}; name one by the option column`);
  const found = others.length === 0 ? `no ${what}` : listed(others);
  throw malformed(file, `${what}s`, `one called ${known.join(' or ')}, or one alone, of rows of numbers`, found);
}

function option(file: string, sentence: string): IndexingError {
  return new IndexingError('InvalidConfiguration', `${file}: ${sentence}`);
}

/** Some of them, cut short: a file may hold any number of names of any length. */
function listed(names: readonly string[]): string {
  const some = names.slice(0, 8).map((name) => JSON.stringify(name.slice(0, 40)));
  return `${some.join(', ') || 'none'}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;
}
