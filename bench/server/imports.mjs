// Bulk imports of .npy, against a plain write of the same bytes with fsync.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { median, spread, tell, whole } from './figures.mjs';
import { folder, startServer } from './processes.mjs';
import { createCollection, send } from './requests.mjs';
import { npyPieces } from './vectors.mjs';

export async function imports({ rounds, rows }) {
  const server = await startServer('import');
  const pieces = [...npyPieces(rows)];
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const ratios = [];
  const rates = [];
  for (let round = 0; round < rounds; round++) {
    const name = `c${round}`;
    await createCollection(server.url, name);
    const beganAt = performance.now();
    const { result } = await send(
      server.url,
      'PUT',
      `/collections/${name}/points/import?format=npy`,
      pieces,
      'application/octet-stream',
      4,
    );
    const ours = performance.now() - beganAt;
    if (result.imported !== rows) throw new Error(`imported ${result.imported} of ${rows}`);
    await send(server.url, 'DELETE', `/collections/${name}`);
    const theirs = plainWrite(join(folder, 'plain'), pieces);
    ratios.push(theirs / ours);
    rates.push([bytes / ours / 1000, bytes / theirs / 1000]);
  }
  tell(
    `import of ${whole(rows)} × 384 .npy`,
    `${whole(median(rates.map(([ours]) => ours)))} MB/s`,
    `write with fsync ${whole(median(rates.map(([, theirs]) => theirs)))} MB/s`,
    spread(ratios),
    '0.4',
  );
  await server.stop();
}

/** Milliseconds. */
function plainWrite(file, pieces) {
  const beganAt = performance.now();
  const descriptor = openSync(file, 'w');
  for (const piece of pieces) writeSync(descriptor, piece);
  fsyncSync(descriptor);
  closeSync(descriptor);
  const elapsedMs = performance.now() - beganAt;
  rmSync(file);
  return elapsedMs;
}
