/**
 * The settings of `simdex serve` from their three places. Every setting is tried in each of them.
 */
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addServeOptions, resolveSettings, type ServeFlags, type ServeSettings } from '../../src/cli/serve-settings.js';
import { temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
let files = 0;
const configOf = (value: unknown) => directory.write(`config-${++files}.json`, JSON.stringify(value));

function flagsOf(...args: string[]): ServeFlags {
  const command = addServeOptions(new Command('serve'))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return command.parse(args, { from: 'user' }).opts<ServeFlags>();
}

/** As text after a flag, as JSON has it, and what comes of it. */
const EXAMPLES: { readonly [Name in keyof ServeSettings]-?: readonly [string, unknown, ServeSettings[Name]][] } = {
  data: [['/a/b c', '/a/b c', '/a/b c']],
  host: [['::1', '::1', '::1']],
  port: [
    ['0', 0, 0],
    ['65535', '65535', 65535],
  ],
  apiKeyFile: [['k.txt', 'k.txt', 'k.txt']],
  readOnlyApiKeyFile: [['r.txt', 'r.txt', 'r.txt']],
  tlsCert: [['c.pem', 'c.pem', 'c.pem']],
  tlsKey: [['k.pem', 'k.pem', 'k.pem']],
  cors: [['https://a.example', ['https://a.example'], ['https://a.example']]],
  threads: [
    ['auto', 'auto', 'auto'],
    ['3', 3, 3],
  ],
  maxMemory: [['2GiB', '2GiB', 2 ** 31]],
  maxBody: [
    ['512', 512, 512],
    ['5MiB', '5MiB', 5 * 2 ** 20],
  ],
  maxConnections: [['7', 7, 7]],
  transferTimeout: [['0.5', 0.5, 0.5]],
  logLevel: [['warn', 'warn', 'warn']],
};
const dashed = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const variableOf = (name: string) => `SIMDEX_${dashed(name).replaceAll('-', '_').toUpperCase()}`;
const cases = Object.entries(EXAMPLES).flatMap(([name, examples]) =>
  examples.map(([text, json, value]) => [name as keyof ServeSettings, text, json, value] as const),
);

describe.each(cases)('%s %s', (name, text, json, value) => {
  test('by flag, by variable, and by key of the file', () => {
    expect(resolveSettings(flagsOf(`--${dashed(name)}`, text), {}).settings[name]).toEqual(value);
    expect(resolveSettings({}, { [variableOf(name)]: text }).settings[name]).toEqual(value);
    expect(resolveSettings({ config: configOf({ [name]: json }) }, {}).settings[name]).toEqual(value);
  });
});

test('a flag comes before a variable, a variable before the file, the file before the default', () => {
  const config = configOf({ port: 1, host: 'file', threads: 1 });
  const { settings } = resolveSettings(flagsOf('--config', config, '--port', '3'), {
    SIMDEX_PORT: '2',
    SIMDEX_HOST: 'env',
  });
  expect(settings).toEqual({ data: 'simdex-data', host: 'env', port: 3, cors: [], threads: 1, logLevel: 'info' });
});

test('the file can be named by SIMDEX_CONFIG, and --config comes before it', () => {
  const [one, two] = [configOf({ port: 1 }), configOf({ port: 2 })];
  expect(resolveSettings({}, { SIMDEX_CONFIG: one }).settings.port).toBe(1);
  expect(resolveSettings({ config: two }, { SIMDEX_CONFIG: one }).settings.port).toBe(2);
});

test('several origins: by repeating the flag, by commas in the variable', () => {
  const origins = ['https://a.example', 'https://b.example'];
  expect(resolveSettings(flagsOf('--cors', origins[0]!, '--cors', origins[1]!), {}).settings.cors).toEqual(origins);
  expect(resolveSettings({}, { SIMDEX_CORS: origins.join(', ') }).settings.cors).toEqual(origins);
});

test('an empty variable is none; unknown ones that begin with SIMDEX_ are told', () => {
  const { settings, unknownVariables } = resolveSettings(
    {},
    { SIMDEX_PORT: '', SIMDEX_API_KEY: 'x', SIMDEXX: '', PATH: '/' },
  );
  expect(settings.port).toBe(6333);
  expect(unknownVariables).toEqual(['SIMDEX_API_KEY']);
});

describe('refused by name', () => {
  test.each<[unknown, RegExp]>([
    [{ prot: 1 }, /config-\d+\.json: unknown setting "prot"; there are data, host, port,/],
    [{ 'max-body': 1 }, /unknown setting "max-body"/],
    [{ __proto__x: 1 }, /unknown setting "__proto__x"/],
    [{ toString: 1 }, /unknown setting "toString"/],
    [{ port: '70000' }, /: port: expected 0 to 65535, got "70000"/],
    [{ port: true }, /: port: expected a number, got true/],
    [{ host: 1 }, /: host: expected a text, got 1/],
    [{ cors: 'https://a.example' }, /: cors: expected a list of texts, got "https/],
    [{ maxBody: '1 TB' }, /: maxBody: expected a number of bytes, perhaps with KiB, MiB or GiB, got "1 TB"/],
    [{ logLevel: 'loud' }, /: logLevel: expected fatal, error, warn, info, debug, silent, got "loud"/],
    [{ host: '' }, /--host: the value is empty/],
    [[1], /expected a JSON object, got \[1\]/],
    [null, /expected a JSON object, got null/],
  ])('in a file: %j', (value, message) => {
    expect(() => resolveSettings({ config: configOf(value) }, {})).toThrow(message);
  });

  test.each([
    ['SIMDEX_PORT', 'tcp://10.0.0.1:6333', /^SIMDEX_PORT: expected 0 to 65535, got "tcp:/],
    ['SIMDEX_THREADS', '0', /^SIMDEX_THREADS: expected 1 to 256, or auto, got "0"/],
    ['SIMDEX_TRANSFER_TIMEOUT', '-1', /^SIMDEX_TRANSFER_TIMEOUT: expected seconds above 0/],
    ['SIMDEX_LOG_LEVEL', 'x\ny', /^SIMDEX_LOG_LEVEL: expected fatal, .* got "x\\ny"/],
  ])('in the environment: %s=%s', (name, text, message) => {
    expect(() => resolveSettings({}, { [name]: text })).toThrow(message);
  });

  test('a file that is not there, or no JSON', () => {
    expect(() => resolveSettings({ config: directory.at('none.json') }, {})).toThrow(
      /--config .*none\.json: cannot be read as JSON/,
    );
    const broken = directory.write('broken.json', '{');
    expect(() => resolveSettings({ config: broken }, {})).toThrow(/--config .*broken\.json: cannot be read as JSON/);
  });
});
