// Searches the documentation on this machine: every paragraph of the Markdown files below a folder becomes a vector of
// hashed trigram counts, and the paragraphs nearest to a question are printed. The index is saved, and loaded the next time.
//
//   node examples/search-text.mjs FOLDER INDEX.safetensors "a question"
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VectorIndex } from 'simdex';
import { trigramCounts } from './trigrams.mjs';

const [folder, file, question] = process.argv.slice(2);
const asked = question === undefined ? undefined : trigramCounts(question);
if (!asked) {
  console.error('usage: node examples/search-text.mjs FOLDER INDEX.safetensors "a question of three letters or more"');
  process.exit(2);
}

const index = existsSync(file) ? await VectorIndex.load(file) : await build();
const { ids, scores } = await index.search(asked, 5);
for (const [rank, id] of ids.entries()) {
  const [path, paragraph] = splitId(id);
  const text = paragraphsOf(path)[paragraph] ?? '(the file has changed)';
  console.log(`${scores[rank].toFixed(3)}  ${path}, paragraph ${paragraph}`);
  console.log(`       ${text.replace(/\s+/g, ' ').slice(0, 90)}`);
}
const { avgQueryTimeMs } = index.monitor.getStats();
console.log(`${index.size} paragraphs searched in ${avgQueryTimeMs.toFixed(1)} ms`);
await index.dispose();

async function build() {
  const vectors = [];
  const ids = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.toLowerCase().endsWith('.md')) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    for (const [paragraph, text] of paragraphsOf(path).entries()) {
      const counts = trigramCounts(text);
      if (!counts) continue;
      vectors.push(counts);
      ids.push(`${path}#${paragraph}`);
    }
  }
  const built = await VectorIndex.build(vectors, { ids });
  await built.save(file);
  return built;
}

function paragraphsOf(path) {
  return existsSync(path) ? readFileSync(path, 'utf8').split(/\n\s*\n/) : [];
}

function splitId(id) {
  const at = id.lastIndexOf('#');
  return [id.slice(0, at), Number(id.slice(at + 1))];
}
