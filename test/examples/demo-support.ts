/**
 * The demo page as its visitors get it: served by its own server, in a real Chromium; and what it must come to, from an
 * obvious float64 reference.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { troublesOf, useChromium } from '../chromium/browser.js';

/** Starts the server; gives the address that it prints. */
export async function serveDemo(...flags: string[]): Promise<{ url: string; server: ChildProcess }> {
  const server = spawn(process.execPath, ['examples/browser/serve.mjs', '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(server.stdout), 'line');
  const url = /^http:\/\/127\.0\.0\.1:\d+\//.exec(String(line))![0];
  return { url, server };
}

export interface Opened {
  readonly page: Page;
  readonly troubles: string[];
}

export type OpenOptions = Parameters<Browser['newPage']>[0] & { readonly before?: (page: Page) => Promise<unknown> };

export interface Demo {
  readonly url: string;
  readonly browser: Browser;
  /** For files of the tests. */
  readonly folder: string;
  open(options?: OpenOptions): Promise<Opened>;
}

/** The page, served, and a browser for it, for the tests of a `describe`. */
export function useDemo(): Demo {
  const browser = useChromium();
  let served: Awaited<ReturnType<typeof serveDemo>> | undefined;
  let folder: string | undefined;
  beforeAll(async () => {
    [served, folder] = await Promise.all([serveDemo(), mkdtemp(join(tmpdir(), 'simdex-demo-'))]);
  });
  afterAll(async () => {
    served?.server.kill();
    if (folder) await rm(folder, { recursive: true });
  });
  return {
    get url() {
      return served!.url;
    },
    get browser() {
      return browser();
    },
    get folder() {
      return folder!;
    },
    open: (options) => openDemo(browser(), served!.url, options),
  };
}

export async function openDemo(browser: Browser, url: string, options: OpenOptions = {}): Promise<Opened> {
  const { before, ...pageOptions } = options;
  const page = await browser.newPage(pageOptions);
  onTestFinished(() => page.close());
  // For what hangs; a busy machine is merely slow.
  page.setDefaultTimeout(30_000);
  const troubles = troublesOf(page);
  await before?.(page);
  await page.goto(url);
  return { page, troubles };
}

/** Fills in the form for vectors made in the page. */
export async function generate(page: Page, count: number, dims: number, seed = 1): Promise<void> {
  await page.getByRole('radio', { name: 'Generate them' }).check();
  await page.getByRole('spinbutton', { name: 'Vectors' }).fill(String(count));
  await page.getByRole('spinbutton', { name: 'Components of each' }).fill(String(dims));
  await page.getByLabel('Seed').fill(String(seed));
}

export async function option(page: Page, label: string, value: string): Promise<void> {
  const field = page.locator('#settings').getByLabel(label);
  if (!(await field.isVisible())) await page.getByText('Options', { exact: true }).click();
  await field.selectOption(value);
}

export async function index(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Index', exact: true }).click();
}

export async function figures(page: Page): Promise<Record<string, string>> {
  await page.getByRole('heading', { name: 'Result' }).waitFor();
  const texts = await page.locator('#figures div').allInnerTexts();
  return Object.fromEntries(texts.map((text) => text.split('\n').filter((part) => part !== '')));
}

/** A clear message, and a page that works after it. */
export async function expectRefusal(page: Page, message: RegExp): Promise<void> {
  const alert = page.getByRole('alert');
  await expect.poll(() => alert.innerText(), { timeout: 30_000 }).toMatch(message);
  await expect
    .poll(() => page.getByRole('button', { name: 'Index', exact: true }).isEnabled(), { timeout: 30_000 })
    .toBe(true);
  await generate(page, 10, 3);
  await index(page);
  expect(await figures(page)).toMatchObject({ 'Vectors indexed': '10' });
  expect(await alert.isVisible()).toBe(false);
}

/** What the page generates: Marsaglia's xorshift of 32 bits, -1 to 1, in float32. */
export function generated(count: number, dims: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count * dims }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
}

export interface Magnitudes {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

export function magnitudesOf(data: Float32Array, dims: number): Magnitudes {
  const all = Array.from({ length: data.length / dims }, (_, row) =>
    Math.sqrt(data.subarray(row * dims, (row + 1) * dims).reduce((sum, x) => sum + x * x, 0)),
  );
  return { min: Math.min(...all), mean: all.reduce((sum, x) => sum + x, 0) / all.length, max: Math.max(...all) };
}

export function expectMagnitudes(shown: Record<string, string>, { min, mean, max }: Magnitudes): void {
  const close = (name: string, expected: number) =>
    expect(Math.abs(Number(shown[name]) - expected)).toBeLessThanOrEqual(2e-6 * expected);
  close('Smallest magnitude', min);
  close('Mean magnitude', mean);
  close('Largest magnitude', max);
}
