// The pages' suites in the browsers of this machine, in isolated pages and in others.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findChromium } from '../find-chromium.mjs';
import { findCommand, findMiniBrowser, tellWebKit } from './real-browsers.mjs';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));
const TIME_LIMIT_MS = 600_000;

/** Each with its command, how to have its version told where that is not `--version`, and how Debian installs it. */
export const browsers = {
  Chromium: { find: findChromium, install: 'chromium' },
  Firefox: { find: () => findCommand('firefox-esr', 'firefox'), install: 'firefox-esr' },
  WebKitGTK: {
    find: () => findMiniBrowser() && findCommand('Xvfb') && findCommand('WebKitWebDriver'),
    tell: tellWebKit,
    install: 'webkit2gtk-driver xvfb',
    // As it comes, isolated pages have no shared memory: one worker does the work.
    note: ' (with `JSC_useSharedArrayBuffer=1`)',
  },
};

/** undefined where the browser is not here. */
export async function versionOf(name) {
  const { find, tell = async (command) => (await run(command, ['--version'])).stdout } = browsers[name];
  const command = find();
  return command && /\d+\.\d+(\.\d+)?/.exec(await tell(command))[0];
}

/** Rejects with the tests that fail. */
export async function tryBrowser(name, folder) {
  const outputFile = join(folder, `${name}.json`);
  const config = ['--config', 'scripts/runtimes/browsers.config.mjs', '--root', project];
  const report = ['--reporter', 'json', '--outputFile', outputFile];
  const args = ['--no-install', 'vitest', 'run', ...config, '--project', `${name}*`, ...report];
  const options = { cwd: project, timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 };
  const ended = await run('npx', args, options).catch((error) => error);
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(outputFile, 'utf8'));
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed');
  const told = failed.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]}`);
  if (numFailedTests > 0 || numPassedTests === 0 || ended instanceof Error) {
    throw new Error([...told, ended.stderr ?? ''].join('\n').slice(0, 4000));
  }
  return numPassedTests;
}
