// Reads damaged files of one format, and says after each how it went, so that a parent sees where it stops.
//
//   node read-damaged.mjs LIBRARY FORMAT SEED FIRST LAST VALID_FILE...
import { readFileSync } from 'node:fs';
import { damagedFile } from './mutate.mjs';

const [library, format, seed, first, last, ...paths] = process.argv.slice(2);
const { readVectors, IndexingError } = await import(library);
const files = paths.map((path) => new Uint8Array(readFileSync(path)));
const most = Math.max(...files.map(({ length }) => length));
const counts = { read: 0, refused: 0 };

function fail(round, what) {
  console.log(JSON.stringify({ round, failure: what }));
  process.exit(0);
}

for (let round = Number(first); round < Number(last); round++) {
  const bytes = damagedFile(files, Number(seed) + round);
  const startedAt = performance.now();
  let numbers = 0;
  try {
    for await (const { data } of readVectors(new File([bytes], `damaged.${format}`))) numbers += data.length;
    counts.read++;
  } catch (error) {
    if (!(error instanceof IndexingError)) fail(round, `threw ${error?.stack ?? error}`);
    if (error.message.length > 2000) fail(round, `said too much: ${error.message.slice(0, 200)}`);
    if (!error.message.includes(`damaged.${format}`)) fail(round, `names no file: ${error.message}`);
    counts.refused++;
  }
  const tookMs = performance.now() - startedAt;
  if (numbers > 2000 * (most + bytes.length)) fail(round, `gave ${numbers} numbers out of ${bytes.length} bytes`);
  console.log(JSON.stringify({ round, tookMs, ...counts }));
}
