// From the start of the process to the first answer of /readyz, against reading the bytes of its folder.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { median, spread, tell, whole } from './figures.mjs';
import { folder, startServer } from './processes.mjs';
import { createCollection, importRows, isReady, untilGreen } from './requests.mjs';

export async function restart({ rounds, restartRows: rows }) {
  const first = await startServer('restart');
  await createCollection(first.url, 'c');
  await importRows(first.url, 'c', rows);
  await untilGreen(first.url, 'c');
  await first.stop();
  const ratios = [];
  const figures = [];
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    const beganAt = performance.now();
    const server = await startServer('restart');
    while (!(await isReady(server.url))) await new Promise((resolve) => setTimeout(resolve, 10));
    const ours = performance.now() - beganAt;
    await server.stop();
    const { ms, bytes } = plainRead(join(folder, 'restart'));
    ratios.push(ours / ms);
    figures.push([ours, ms, bytes]);
  }
  tell(
    `ready with ${whole(rows)} × 384`,
    `${(median(figures.map(([ours]) => ours)) / 1000).toFixed(1)} s`,
    `reading ${whole(figures[0][2] / 1e6)} MB ${(median(figures.map(([, ms]) => ms)) / 1000).toFixed(1)} s`,
    spread(ratios),
    'at most 3',
  );
}

function plainRead(directory) {
  const files = readdirSync(directory, { recursive: true })
    .map((name) => join(directory, name))
    .filter((file) => statSync(file).isFile());
  const beganAt = performance.now();
  let bytes = 0;
  for (const file of files) bytes += readFileSync(file).length;
  return { ms: performance.now() - beganAt, bytes };
}
