// Bulk imports of .npy, against a plain write of the same bytes with fsync, and against a bare server that writes them: what HTTP leaves of a plain write.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { median, spread, tell, whole } from './figures.mjs';
import { folder, startBare, startServer } from './processes.mjs';
import { createCollection, send } from './requests.mjs';
import { npyPieces } from './vectors.mjs';

export async function imports({ rounds, rows }) {
  const server = await startServer('import');
  const bare = await startBare();
  const pieces = [...npyPieces(rows)];
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const ratios = [];
  const bareRatios = [];
  const rates = [];
  const timeOf = async (url, path) => {
    const beganAt = performance.now();
    const answer = await send(url, 'PUT', path, pieces, 'application/octet-stream', 4);
    return { answer, ms: performance.now() - beganAt };
  };
  for (let round = 0; round < rounds; round++) {
    const name = `c${round}`;
    await createCollection(server.url, name);
    const { answer, ms } = await timeOf(server.url, `/collections/${name}/points/import?format=npy`);
    const { result } = answer;
    if (result.imported !== rows) throw new Error(`imported ${result.imported} of ${rows}`);
    await send(server.url, 'DELETE', `/collections/${name}`);
    const theirs = plainWrite(join(folder, 'plain'), pieces);
    const written = await timeOf(bare.url, '/file');
    if (written.answer.bytes !== bytes) throw new Error(`wrote ${written.answer.bytes} of ${bytes} bytes`);
    ratios.push(theirs / ms);
    bareRatios.push(theirs / written.ms);
    rates.push([ms, written.ms, theirs].map((each) => bytes / each / 1000));
  }
  tell(
    `import of ${whole(rows)} × 384 .npy`,
    `${whole(median(rates.map(([ours]) => ours)))} MB/s`,
    `write with fsync ${whole(median(rates.map(([, , theirs]) => theirs)))} MB/s`,
    spread(ratios),
    '0.4',
  );
  tell(
    'the same to a bare server that writes the body, with fsync',
    `${whole(median(rates.map(([, written]) => written)))} MB/s`,
    'the same',
    spread(bareRatios),
    'a bound',
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
