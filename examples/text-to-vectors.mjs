// Turns real text into vectors: every paragraph of the Markdown files below a folder becomes a row of hashed character
// trigram counts, 384 components each, written as a .npy file.
//
//   node examples/text-to-vectors.mjs FOLDER OUT.npy
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeVectors } from 'simdex';
import { DIMS, trigramCounts } from './trigrams.mjs';

const CHUNK_ROWS = 4096;
const [folder, out] = process.argv.slice(2);
if (!folder || !out) {
  console.error('usage: node examples/text-to-vectors.mjs FOLDER OUT.npy');
  process.exit(2);
}

const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith('.md'))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .sort();

let paragraphs = 0;

/** Matrices of at most CHUNK_ROWS paragraphs. */
function* chunks() {
  let rows = [];
  for (const file of files) {
    for (const paragraph of readFileSync(file, 'utf8').split(/\n\s*\n/)) {
      const row = trigramCounts(paragraph);
      if (row) rows.push(row);
      if (rows.length === CHUNK_ROWS) {
        yield matrix(rows);
        rows = [];
      }
    }
  }
  if (rows.length > 0) yield matrix(rows);
}

function matrix(rows) {
  paragraphs += rows.length;
  const data = new Float32Array(rows.length * DIMS);
  for (const [i, row] of rows.entries()) data.set(row, i * DIMS);
  return { data, dims: DIMS };
}

mkdirSync(dirname(out), { recursive: true });
await writeVectors(out, chunks(), { dims: DIMS });
console.log(`${paragraphs} paragraphs of ${files.length} Markdown files, ${DIMS} components each: ${out}`);
