// Browsers as people have them, for Vitest: Firefox by its command, WebKitGTK by its WebDriver. They only open the page that Vitest names; it
// tells Vitest the rest itself.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { playwright } from '@vitest/browser-playwright';

const START_DEADLINE_MS = 30_000;

export function findCommand(...names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
}

/** For each browser, a function that opens a page. It gives what ends the browser. */
const browsers = {
  async firefox(url) {
    const profile = mkdtempSync(join(tmpdir(), 'simdex-firefox-'));
    writeFileSync(
      join(profile, 'user.js'),
      [
        ['browser.shell.checkDefaultBrowser', false],
        ['browser.startup.homepage_override.mstone', 'ignore'],
        ['datareporting.policy.dataSubmissionEnabled', false],
        ['toolkit.telemetry.reportingpolicy.firstRun', false],
        ['app.update.enabled', false],
        // A page that nobody looks at is slowed down otherwise.
        ['dom.min_background_timeout_value', 4],
      ]
        .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`)
        .join('\n'),
    );
    const command = findCommand('firefox-esr', 'firefox');
    const child = start(command, ['--headless', '--no-remote', '--profile', profile, url], { HOME: profile });
    return async () => {
      await end(child);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    };
  },

  async webkitgtk(url, { sharedArrayBuffer = true }) {
    const display = await startDisplay();
    const port = await freePort();
    const driver = start(findCommand('WebKitWebDriver'), [`--port=${port}`, '--host=127.0.0.1'], {
      DISPLAY: display.name,
      // Isolated pages have no SharedArrayBuffer otherwise.
      JSC_useSharedArrayBuffer: sharedArrayBuffer ? '1' : '0',
    });
    const ask = async (path, body) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: JSON.stringify(body) });
      const { value } = await response.json();
      if (!response.ok) throw new Error(`WebKitWebDriver: ${value.message || value.error}`);
      return value;
    };
    const alwaysMatch = { 'webkitgtk:browserOptions': { binary: findMiniBrowser(), args: ['--automation'] } };
    const { sessionId } = await untilItAnswers(() => ask('/session', { capabilities: { alwaysMatch } }));
    await ask(`/session/${sessionId}/url`, { url });
    return async () => {
      await fetch(`http://127.0.0.1:${port}/session/${sessionId}`, { method: 'DELETE' });
      await end(driver);
      await end(display.child);
    };
  },
};

/** A provider of Vitest for 'firefox' or 'webkitgtk'. */
export function realBrowser(name, options = {}) {
  return {
    // The server of the pages is the same for every provider.
    ...playwright(),
    name: 'real-browser',
    supportedBrowser: [name],
    providerFactory: () => {
      const opened = new Map();
      return {
        name: 'real-browser',
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        async openPage(sessionId, url) {
          await opened.get(sessionId)?.();
          opened.set(sessionId, await browsers[name](url, options));
        },
        async close() {
          await Promise.all([...opened.values()].map((close) => close()));
          opened.clear();
        },
      };
    },
  };
}

/** Path of WebKitGTK's small browser, which Debian has apart from PATH; undefined where there is none. */
export function findMiniBrowser() {
  const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
  const places = ['4.1', '6.0', '4.0'].flatMap((version) => {
    const inside = `webkit${version === '6.0' ? '' : '2'}gtk-${version}/MiniBrowser`;
    return [`/usr/lib/${arch}-linux-gnu/${inside}`, `/usr/libexec/${inside}`, `/usr/lib/${inside}`];
  });
  return places.find((file) => existsSync(file));
}

/** What MiniBrowser says of itself, which it does on a screen only. */
export async function tellWebKit() {
  const display = await startDisplay();
  try {
    const env = { ...process.env, DISPLAY: display.name };
    return execFileSync(findMiniBrowser(), ['--version'], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } finally {
    await end(display.child);
  }
}

function start(command, args, env) {
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env }, detached: true });
  child.on('error', (error) => console.error(`${command}: ${error.message}`));
  return child;
}

/** Ends a browser with all its processes. */
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  process.kill(-child.pid, 'SIGTERM');
  const deadline = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), 5000);
  await closed;
  clearTimeout(deadline);
}

/** A screen that nobody sees. It chooses its number itself, so any number of them may run. */
async function startDisplay() {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const [number] = await once(child.stdio[3], 'data');
  return { child, name: `:${String(number).trim()}` };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilItAnswers(ask) {
  const deadline = performance.now() + START_DEADLINE_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      // fetch: the port is not open yet.
      if (!(error instanceof TypeError) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
