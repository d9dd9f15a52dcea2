/**
 * What the columns of a .csv file are, decided from its first line.
 */
import { IndexingError } from '../base/errors.js';
import { malformed } from './malformed.js';

export type FieldRole = 'component' | 'id' | 'list' | 'ignored';

export interface CsvColumns {
  roleOf(column: number): FieldRole;
  /** From this column on there are components only. */
  readonly onlyComponentsFrom: number;
  /** Fields that every line must have; undefined where rows may differ in length. */
  readonly count: number | undefined;
}

/** Columns of a file without names, or with names that say nothing: all are components. */
export const ONLY_COMPONENTS: CsvColumns = { roleOf: () => 'component', onlyComponentsFrom: 0, count: undefined };

const LISTS = ['vector', 'vectors'];

/** @throws {IndexingError} `InvalidConfiguration` where the option `column` names no column. */
export function chooseColumns(
  file: string,
  fields: readonly string[],
  { column, header }: { readonly column?: string | undefined; readonly header?: boolean | undefined },
): { readonly isHeader: boolean; readonly columns: CsvColumns } {
  const isHeader = header ?? (column !== undefined || isHeaderLine(fields));
  if (column === undefined && !isHeader) return { isHeader, columns: ONLY_COMPONENTS };
  const names = isHeader ? fields : [];
  const ids = names.flatMap((name, at) => (name.toLowerCase() === 'id' && name !== column ? [at] : []));
  if (ids.length > 1) throw malformed(file, 'line 1', 'one column called id', `${ids.length} of them`);
  const list = listColumn(file, names, column);
  const roles = names.map((name, at): FieldRole => {
    if (at === ids[0]) return 'id';
    if (list !== -1) return at === list ? 'list' : 'ignored';
    return name === '' ? 'ignored' : 'component';
  });
  const others = roles.findLastIndex((role) => role !== 'component') + 1;
  if (others === 0) return { isHeader, columns: ONLY_COMPONENTS };
  const columns: CsvColumns = {
    roleOf: (at) => roles[at] ?? (list === -1 ? 'component' : 'ignored'),
    onlyComponentsFrom: list === -1 ? others : Number.POSITIVE_INFINITY,
    // Where what is no component stands among others, only whole lines tell which is which.
    count: others > 1 || list !== -1 ? names.length : undefined,
  };
  return { isHeader, columns };
}

function listColumn(file: string, names: readonly string[], column: string | undefined): number {
  if (column === undefined) return names.findIndex((name) => LISTS.includes(name.toLowerCase()));
  const at = names.indexOf(column);
  if (at !== -1) return at;
  const known = names.slice(0, 8).map((name) => JSON.stringify(name.slice(0, 40)));
  const detail = `${file}: column ${JSON.stringify(column.slice(0, 40))} is not there; the first line has ${known.join(', ') || 'no names'}`;
  throw new IndexingError('InvalidConfiguration', detail);
}

/** What can be the name of a column: not what other programs write for NaN. */
const NAME = /^(?!(?:nan|inf|infinity|null|none|na|n\/a)$)[\p{L}_][^\p{Cc}]*$/iu;

/** Names in quotes may hold tabs and carriage returns. */
function isName(field: string): boolean {
  return NAME.test(field.replace(/[\t\r]/g, ' '));
}

/** Words only; or, beside an id and the nameless index of a data frame, numbers that count 0, 1, 2 and so on. */
function isHeaderLine(fields: readonly string[]): boolean {
  const named = fields.filter((field, at) => !(field === '' && at === 0));
  if (named.length > 0 && named.every(isName)) return true;
  const numbers = named.filter((name) => name.toLowerCase() !== 'id');
  return numbers.length > 0 && numbers.every((field, at) => field === String(at));
}
