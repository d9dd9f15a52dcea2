/**
 * Fields of plain data: how a value is read when it comes from outside as JSON, and the rows of CSV that it gives. A reader
 * gives the value with its type. It refuses a wrong value in a sentence that says where it is
 * (`report.queueDepth.samples[3].atMs`), what was expected and what was found.
 *
 * An object is a table of such fields, and its type follows from the table. So a new field is one line in one place.
 */
import { invalidConfiguration } from '../base/errors.js';

export interface Field<T> {
  (value: unknown, path: string): T;
  /** undefined where the field is not in CSV. */
  rows?(value: T): readonly CsvRow[];
}

export interface CsvRow {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  /** Digits after the point; as many as it takes when undefined. */
  readonly decimals?: number | undefined;
}

/** The type of the value of a field. */
export type ValueOf<F> = F extends (value: unknown, path: string) => infer T ? T : never;
/** The type of an object with these fields. */
export type ObjectOf<Fields> = { readonly [Name in keyof Fields]: ValueOf<Fields[Name]> };

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): Field<number> {
  const expected =
    most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`;
  return (value, path) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw invalidConfiguration(path, expected, value);
  };
}

export const count = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** A number from 0; null stands for one that is not finite and gives NaN. */
export const figure: Field<number> = (value, path) => {
  if (value === null) return Number.NaN;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw invalidConfiguration(path, 'a number from 0, or null', value);
};

/** Any finite number. */
export const finiteNumber: Field<number> = (value, path) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalidConfiguration(path, 'a finite number', value);
};

/** A number from 0 to 1; null as in `figure`. */
export const ratio: Field<number> = (value, path) => {
  if (value === null) return Number.NaN;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw invalidConfiguration(path, 'a ratio from 0 to 1, or null', value);
};

export const trueOrFalse: Field<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  throw invalidConfiguration(path, 'true or false', value);
};

export const text: Field<string> = (value, path) => {
  if (typeof value === 'string') return value;
  throw invalidConfiguration(path, 'a string', value);
};

export function oneOf<const T extends string>(names: readonly T[]): Field<T> {
  return (value, path) => {
    const found = names.find((name) => name === value);
    if (found !== undefined) return found;
    throw invalidConfiguration(path, names.map((name) => JSON.stringify(name)).join(' or '), value);
  };
}

/** undefined where the field is absent. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  const read: Field<T | undefined> = (value, path) => (value === undefined ? undefined : field(value, path));
  return withRows(read, (value) => (value === undefined ? [] : (field.rows?.(value) ?? [])));
}

/** `value` where the field is absent: older versions did not write it. */
export function withDefault<T>(field: Field<T>, otherwise: T): Field<T> {
  return withRows((value, path) => (value === undefined ? otherwise : field(value, path)), field.rows);
}

export function listOf<T>(field: Field<T>): Field<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw invalidConfiguration(path, 'an array', value);
    return value.map((item: unknown, i) => field(item, `${path}[${i}]`));
  };
}

/** An object whose names come from outside too. */
export function recordOf<T>(field: Field<T>): Field<Readonly<Record<string, T>>> {
  return (value, path) => {
    // A Date has no entries, and is no object of JSON.
    if (Object.prototype.toString.call(value) !== '[object Object]')
      throw invalidConfiguration(path, 'an object', value);
    return Object.fromEntries(entriesOf(value, path).map(([name, item]) => [name, field(item, `${path}.${name}`)]));
  };
}

/** An object with at least `fields`; others are passed over, so that an older version can read what a newer one wrote. */
export function objectOf<Fields extends Readonly<Record<string, Field<unknown>>>>(
  fields: Fields,
): Field<ObjectOf<Fields>> {
  const names = Object.keys(fields);
  const read = (value: unknown, path: string) => {
    const found = new Map<string, unknown>(entriesOf(value, path));
    return Object.fromEntries(names.map((name) => [name, fields[name]!(found.get(name), `${path}.${name}`)]));
  };
  const rows = (value: Readonly<Record<string, unknown>>) =>
    names.flatMap((name) => fields[name]!.rows?.(value[name]) ?? []);
  return withRows(read as Field<ObjectOf<Fields>>, rows);
}

/** The field, with its value as one row of CSV: `times` as large, in `unit`. */
export function csv(
  field: Field<number>,
  metric: string,
  unit: string,
  { times = 1, decimals }: { readonly times?: number; readonly decimals?: number } = {},
): Field<number> {
  return withRows(field, (value) => [{ metric, value: value * times, unit, decimals }]);
}

/** The field, with what `rows` makes of its value in CSV. */
export function withRows<T>(field: Field<T>, rows: ((value: T) => readonly CsvRow[]) | undefined): Field<T> {
  return Object.assign((value: unknown, path: string) => field(value, path), rows && { rows });
}

function entriesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw invalidConfiguration(path, 'an object', value);
}
