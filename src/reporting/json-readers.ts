/**
 * Readers of values that came from outside as JSON: each gives the value with its type, or refuses it in a sentence that
 * says where it stands (`report.queueDepth.samples[3].atMs`), what was expected and what was found.
 */
import { invalidConfiguration } from '../base/errors.js';

export type Reader<T> = (value: unknown, path: string) => T;

/** A whole number from 0. */
export const readCount: Reader<number> = (value, path) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidConfiguration(path, 'a whole number from 0', value);
};

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): Reader<number> {
  return (value, path) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw invalidConfiguration(path, `a whole number from ${least} to ${most}`, value);
  };
}

/** A number from 0; null stands for one that is not finite and gives NaN. */
export const readFigure: Reader<number> = (value, path) => {
  if (value === null) return Number.NaN;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw invalidConfiguration(path, 'a number from 0, or null', value);
};

/** A number from 0 to 1; null as in `readFigure`. */
export const readRatio: Reader<number> = (value, path) => {
  if (value === null) return Number.NaN;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw invalidConfiguration(path, 'a ratio from 0 to 1, or null', value);
};

export const readBoolean: Reader<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  throw invalidConfiguration(path, 'true or false', value);
};

export const readString: Reader<string> = (value, path) => {
  if (typeof value === 'string') return value;
  throw invalidConfiguration(path, 'a string', value);
};

export function oneOf<const T extends string>(names: readonly T[]): Reader<T> {
  return (value, path) => {
    const found = names.find((name) => name === value);
    if (found !== undefined) return found;
    throw invalidConfiguration(path, names.map((name) => JSON.stringify(name)).join(' or '), value);
  };
}

/** undefined where the field is absent. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, path) => (value === undefined ? undefined : read(value, path));
}

export function listOf<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw invalidConfiguration(path, 'an array', value);
    return value.map((item: unknown, i) => read(item, `${path}[${i}]`));
  };
}

/**
 * An object with at least the fields that `build` reads; others are passed over, so that an older version can read what
 * a newer one wrote. `build` gets a function that reads one field.
 */
export function objectOf<T>(build: (field: <F>(name: keyof T & string, read: Reader<F>) => F) => T): Reader<T> {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalidConfiguration(path, 'an object', value);
    }
    const fields = new Map<string, unknown>(Object.entries(value));
    return build((name, read) => read(fields.get(name), `${path}.${name}`));
  };
}
