// A program of Next, built and served as people do.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { whileServing } from '../while-serving.mjs';
import { refuseWarnings } from './warnings.mjs';

const BUILD_LIMIT_MS = 600_000;

/**
 * Writes a program whose only route is `/api/search`, builds it in `at`, where Next is installed, and serves it while `visit(url)` runs. Gives what
 * the server wrote, on both streams. Throws when the build warns.
 */
export async function serveNext(at, route, visit, config = '{}') {
  mkdirSync(join(at, 'app/api/search'), { recursive: true });
  writeFileSync(join(at, 'next.config.mjs'), `export default ${config};`);
  writeFileSync(
    join(at, 'app/layout.js'),
    'export default function Layout({ children }) { return <html><body>{children}</body></html>; }',
  );
  writeFileSync(join(at, 'app/page.js'), 'export default function Page() { return <p>simdex</p>; }');
  writeFileSync(join(at, 'app/api/search/route.js'), `export const dynamic = 'force-dynamic';\n${route}`);

  const next = join(at, 'node_modules/next/dist/bin/next');
  // Vite, where it ran before in this process, has set NODE_ENV to what Next does not build with.
  const { NODE_ENV: _, ...env } = process.env;
  const options = { cwd: at, env: { ...env, NEXT_TELEMETRY_DISABLED: '1' } };
  const limits = { timeout: BUILD_LIMIT_MS, maxBuffer: 2 ** 26 };
  const built = await promisify(execFile)(process.execPath, [next, 'build'], { ...options, ...limits });
  const lines = `${built.stdout}\n${built.stderr}`.split('\n');
  refuseWarnings(lines.filter((line) => /warn|⚠|can't resolve|critical dependency/i.test(line)));

  const args = [next, 'start', '--port', '0', '--hostname', '127.0.0.1'];
  const { said } = await whileServing(process.execPath, args, options, visit);
  return said;
}
