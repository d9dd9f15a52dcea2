// Where a Chromium is that tests can drive: CHROME_PATH, then PATH, then Playwright's cache.
//
//   node scripts/find-chromium.mjs             prints it; exit status 1 when there is none
//   node scripts/find-chromium.mjs --install   before that, installs Debian's when there is none and root asks
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Flags of Chromium: root and containers have no sandbox, and nothing here needs the network. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-dev-shm-usage',
];

/** Path of an executable, or undefined. */
export function findChromium() {
  const inPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [process.env.CHROME_PATH, ...inPath, chromium.executablePath()].find((file) => file && isExecutable(file));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian and Ubuntu as root; elsewhere nothing happens. */
function installChromium() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  console.error('No Chromium here: installing it with apt-get');
  spawnSync('apt-get', ['update', '-q'], { stdio: ['ignore', 2, 2] });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['install', '-yq', '--no-install-recommends', 'chromium'], {
      stdio: ['ignore', 2, 2],
      env,
    });
  } catch (error) {
    console.error(`apt-get could not install it: ${error.message}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!findChromium() && process.argv.includes('--install')) installChromium();
  const found = findChromium();
  if (found) console.log(found);
  else console.error('No Chromium: tests in browsers are skipped. Install one, or set CHROME_PATH.');
  process.exitCode = found || process.argv.includes('--install') ? 0 : 1;
}
