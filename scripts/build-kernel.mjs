// Compiles assembly/ twice from one source: with SIMD, and scalar for engines without it.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

mkdirSync('build/kernel', { recursive: true });
for (const target of ['simd', 'scalar']) {
  execFileSync('npx', ['--no-install', 'asc', '--target', target], { stdio: 'inherit' });
}
