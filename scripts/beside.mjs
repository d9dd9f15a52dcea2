// npm installs simdex beside any version of its optional packages. Only resolves, downloads nothing but what describes the packages; ends
// with status 1 at a conflict. Before a release.
//
//   node scripts/beside.mjs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packPackage } from './runtimes/install.mjs';

const BESIDE = [
  ...[15, 16, 17, 18, 19, 20, 21].map((major) => `apache-arrow@${major}`),
  ...['0.7', '0.8', '0.9', '0.10'].map((version) => `h5wasm@${version}`),
  ...['fastify@4', 'fastify@5', 'lmdb@2', 'lmdb@3', 'prom-client@14', 'prom-client@15', '@opentelemetry/api@1.0'],
];

const folder = mkdtempSync(join(tmpdir(), 'simdex-beside-'));
try {
  const packed = packPackage(folder);
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  for (const other of BESIDE) {
    const args = ['install', '--package-lock-only', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    const { status, stderr } = spawnSync('npm', [...args, packed, other], { cwd: folder, encoding: 'utf8' });
    const isMissing = /E404|ETARGET|ENOTFOUND|EAI_AGAIN|ECONNREFUSED/.test(stderr);
    console.log(`${status === 0 ? 'ok  ' : isMissing ? 'skip' : 'FAIL'} ${other}${status === 0 ? '' : `: ${stderr}`}`);
    if (status !== 0 && !isMissing) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
