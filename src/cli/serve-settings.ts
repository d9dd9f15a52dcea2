/**
 * The settings of `simdex serve`, from three places: flags, the environment (`SIMDEX_…`) and a JSON file. The first place that
 * has a setting counts. One table lists all settings; help, completions and the three places follow it.
 */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../base/errors.js';
import type { LogLevel } from '../server/log.js';
import { printable } from './error-text.js';
import { UsageError } from './exit.js';
import { collect, givenOnce, parsePositiveInteger, parseThreads } from './flag-values.js';

/** Values as the three places give them, checked. */
export interface ServeSettings {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly apiKeyFile?: string;
  readonly readOnlyApiKeyFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly cors: readonly string[];
  readonly threads: number | 'auto';
  readonly maxMemory?: number;
  readonly maxBody?: number;
  readonly maxConnections?: number;
  readonly transferTimeout?: number;
  readonly logLevel: LogLevel;
}

type SettingName = keyof ServeSettings;

interface Setting {
  /** Placeholder that follows the flag in the help. */
  readonly value: string;
  readonly help: string;
  readonly parse: (text: string) => string | number;
  /** What JSON may hold: a number, or a text as after the flag. */
  readonly isNumber?: true;
  /** May be given again and again; in the environment with commas between. */
  readonly isList?: true;
  readonly choices?: readonly string[];
}

const LOG_LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'];

const SETTINGS: Readonly<Record<SettingName, Setting>> = {
  data: { value: 'dir', help: 'folder that keeps everything; ./simdex-data by default', parse: asIs },
  host: { value: 'name', help: 'address to listen at; 127.0.0.1 by default', parse: asIs },
  port: { value: 'n', help: 'port; 6333 by default, 0 for any that is free', parse: parsePort, isNumber: true },
  apiKeyFile: {
    value: 'file',
    help: 'a file with the key that every request needs; required unless --host is a loopback address',
    parse: asIs,
  },
  readOnlyApiKeyFile: { value: 'file', help: 'a file with a second key, which may only read', parse: asIs },
  tlsCert: { value: 'file', help: 'certificate (PEM) to serve HTTPS with', parse: asIs },
  tlsKey: { value: 'file', help: 'private key (PEM) of the certificate', parse: asIs },
  cors: { value: 'origin', help: 'pages of this origin may use the server; repeatable', parse: asIs, isList: true },
  threads: { value: 'n|auto', help: 'threads of the engine; auto by default', parse: parseThreads, isNumber: true },
  maxMemory: {
    value: 'bytes',
    help: 'most memory for vectors, for example 8GiB or 512MiB',
    parse: parseBytes,
    isNumber: true,
  },
  maxBody: {
    value: 'bytes',
    help: 'longest body of a request, except imports; 32MiB by default',
    parse: parseBytes,
    isNumber: true,
  },
  maxConnections: {
    value: 'n',
    help: 'most connections at a time; 16384 by default',
    parse: parsePositiveInteger,
    isNumber: true,
  },
  transferTimeout: {
    value: 'seconds',
    help: 'time for a body to arrive, and between two pieces of a stream; 60 by default',
    parse: parseSeconds,
    isNumber: true,
  },
  logLevel: { value: 'level', help: 'what is logged; info by default', parse: asIs, choices: LOG_LEVELS },
};

const NAMES = Object.keys(SETTINGS) as SettingName[];
const DEFAULTS = {
  data: 'simdex-data',
  host: '127.0.0.1',
  port: 6333,
  cors: [],
  threads: 'auto',
  logLevel: 'info',
} as const;

/** Options as commander gives them: the settings, and the path of the JSON file. */
export type ServeFlags = { readonly [Name in SettingName]?: ServeSettings[Name] } & { readonly config?: string };

export function addServeOptions(command: Command): Command {
  for (const name of NAMES) {
    const { value, help, parse, isList, choices } = SETTINGS[name];
    const option = new Option(`--${dashed(name)} <${value}>`, help);
    if (choices) option.choices(choices);
    else if (isList) option.argParser(collect);
    else
      option.argParser((text, before) =>
        parse === asIs ? givenOnce(text, before as string | undefined) : parse(text),
      );
    command.addOption(option);
  }
  return command.option('--config <file>', 'JSON file with settings: the names of the flags, in camelCase', givenOnce);
}

export interface ResolvedSettings {
  readonly settings: ServeSettings;
  /** Names in the environment that begin with SIMDEX_ and are no settings. */
  readonly unknownVariables: readonly string[];
}

/** @throws {UsageError} naming the flag, variable or key that is wrong or unknown */
export function resolveSettings({ config, ...flags }: ServeFlags, environment: NodeJS.ProcessEnv): ResolvedSettings {
  const file = config ?? (environment['SIMDEX_CONFIG'] || undefined);
  const settings = {
    ...DEFAULTS,
    ...(file !== undefined && settingsOfFile(file)),
    ...settingsOfEnvironment(environment),
    ...flags,
  } as ServeSettings;
  for (const name of NAMES) {
    if (settings[name] === '') throw new UsageError(`--${dashed(name)}: the value is empty`);
  }
  const known = new Set([...NAMES.map(variableOf), 'SIMDEX_CONFIG']);
  const unknownVariables = Object.keys(environment).filter((name) => name.startsWith('SIMDEX_') && !known.has(name));
  return { settings, unknownVariables };
}

function settingsOfEnvironment(environment: NodeJS.ProcessEnv): ServeFlags {
  const given = NAMES.flatMap((name) => {
    const text = environment[variableOf(name)];
    // An empty variable is how many systems say that there is none.
    return text === undefined || text === '' ? [] : [[name, parsed(name, variableOf(name), text)]];
  });
  return Object.fromEntries(given);
}

function settingsOfFile(file: string): ServeFlags {
  const entries = Object.entries(readObject(file)).map(([name, value]) => {
    if (!Object.hasOwn(SETTINGS, name))
      throw new UsageError(
        `${file}: unknown setting ${printable(JSON.stringify(name))}; there are ${NAMES.join(', ')}`,
      );
    const { isNumber, isList } = SETTINGS[name as SettingName];
    const where = `${file}: ${name}`;
    if (isList) {
      if (!Array.isArray(value) || value.some((each) => typeof each !== 'string'))
        throw new UsageError(`${where}: expected a list of texts, got ${shown(value)}`);
      return [name, value];
    }
    if (typeof value !== 'string' && !(isNumber && typeof value === 'number'))
      throw new UsageError(`${where}: expected a ${isNumber ? 'number' : 'text'}, got ${shown(value)}`);
    return [name, parsed(name as SettingName, where, String(value))];
  });
  return Object.fromEntries(entries);
}

function readObject(file: string): object {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--config ${file}: cannot be read as JSON: ${messageOf(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`--config ${file}: expected a JSON object, got ${shown(value)}`);
  return value;
}

function parsed(name: SettingName, where: string, text: string): unknown {
  const { parse, isList, choices } = SETTINGS[name];
  if (choices && !choices.includes(text))
    throw new UsageError(`${where}: expected ${choices.join(', ')}, got ${shown(text)}`);
  try {
    return isList ? text.split(',').map((each) => each.trim()) : parse(text);
  } catch (error) {
    throw new UsageError(`${where}: ${messageOf(error).replace(/^E/, 'e').replace(/\.$/, '')}, got ${shown(text)}`);
  }
}

function shown(value: unknown): string {
  return printable(JSON.stringify(value)).slice(0, 80);
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function variableOf(name: string): string {
  return `SIMDEX_${dashed(name).replaceAll('-', '_').toUpperCase()}`;
}

function asIs(text: string): string {
  return text;
}

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) throw new InvalidArgumentError('Expected 0 to 65535.');
  return port;
}

function parseSeconds(text: string): number {
  const seconds = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds > 0 && seconds <= 86_400)) throw new InvalidArgumentError('Expected seconds above 0, up to 86400.');
  return seconds;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

function parseBytes(text: string): number {
  const [, digits, unit] = /^(\d+)(|KiB|MiB|GiB)$/.exec(text) ?? [];
  const bytes = Number(digits) * UNITS[unit ?? '']!;
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new InvalidArgumentError('Expected a number of bytes, perhaps with KiB, MiB or GiB.');
  return bytes;
}
