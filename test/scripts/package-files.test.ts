/**
 * What is in the package.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { wasmPlugin } from '../../scripts/wasm-plugin.mjs';

const project = fileURLToPath(new URL('../..', import.meta.url));
const dist = `${project}dist/`;
const scripts = readdirSync(dist).filter((name) => name.endsWith('.js'));

test('scripts are ASCII: a page without a charset reads them as they are', () => {
  expect(scripts.length).toBeGreaterThan(20);
  const others = scripts.filter((name) => readFileSync(dist + name).some((byte) => byte > 0x7f));
  expect(others).toEqual([]);
});

test.each(['simd', 'scalar', 'search-simd', 'search-scalar', 'graph-simd', 'graph-scalar'])(
  'the text of the kernel %s is printable ASCII, also where a minifier writes escapes as characters, and gives its bytes',
  async (name) => {
    const code = wasmPlugin().load(`\0kernel:${name}.wasm.js`)!;
    expect(code).not.toMatch(/[^\n -~]/);
    // No character is written as an escape but the backslash.
    expect(code.replaceAll('\\\\', '')).not.toContain('\\');
    const { default: bytes } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      default: Uint8Array;
    };
    expect(Buffer.compare(bytes, readFileSync(`${project}build/kernel/${name}.wasm`))).toBe(0);
  },
);

test('no source maps, no tests, and less than 3.5 MB', () => {
  const told = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: project,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files, unpackedSize }] = JSON.parse(told) as [{ files: { path: string }[]; unpackedSize: number }];
  const paths = files.map(({ path }) => path);
  expect(paths.filter((path) => !/^dist\/.*(\.js|\.d\.ts|\.wasm)$/.test(path)).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'package.json',
  ]);
  expect(unpackedSize).toBeLessThan(3.5e6);
  for (const name of scripts) expect(readFileSync(dist + name, 'utf8')).not.toContain('\n//# sourceMappingURL');
});
