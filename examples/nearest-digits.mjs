// A page of pictures: handwritten digits, and the most similar ones among all others beside each. One HTML file, no network.
//
//   node examples/nearest-digits.mjs MNIST.npy PAGE.html
//
// MNIST.npy: rows of 784 grey levels from 0 to 1, pictures of 28 × 28. Labels, one in each line, are read from the file
// with the same name that ends in .labels.txt, where there is one.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readVectors, VectorIndex } from 'simdex';

const SIDE = 28;
const SHOWN = 24;
const NEIGHBOURS = 9;
const [input, page] = process.argv.slice(2);
if (!input || !page) {
  console.error('usage: node examples/nearest-digits.mjs MNIST.npy PAGE.html');
  process.exit(2);
}

const rows = [];
for await (const { data, dims } of readVectors(input)) {
  if (dims !== SIDE * SIDE) throw new Error(`${input}: expected rows of ${SIDE * SIDE} grey levels, found ${dims}`);
  for (let at = 0; at < data.length; at += dims) rows.push(data.subarray(at, at + dims));
}
const labelFile = input.replace(/\.npy$/, '.labels.txt');
const labels = existsSync(labelFile) ? readFileSync(labelFile, 'utf8').trim().split('\n') : undefined;

const index = await VectorIndex.build(rows);
// From all over the file; the picture itself is the first hit.
const shown = Array.from({ length: Math.min(SHOWN, rows.length) }, (_, i) => Math.floor((i * rows.length) / SHOWN));
const hits = await index.searchBatch(
  shown.map((row) => rows[row]),
  NEIGHBOURS + 1,
);
await index.dispose();

const lines = shown.map((row, i) => {
  const others = [...hits[i].ids]
    .map((id, rank) => ({ id, score: hits[i].scores[rank] }))
    .filter(({ id }) => id !== row);
  return `<tr><th>${picture(row)}</th>${others.slice(0, NEIGHBOURS).map(cell).join('')}</tr>`;
});
writeFileSync(
  page,
  `<!doctype html>
<meta charset="utf-8">
<title>Nearest digits</title>
<style>
body { font: 14px system-ui, sans-serif; margin: 2em; }
svg { width: 56px; height: 56px; background: #000; }
th { padding-right: 1.5em; }
td { text-align: center; color: #555; font-size: 11px; }
</style>
<h1>Nearest digits</h1>
<p>Each picture and the ${NEIGHBOURS} most similar of ${rows.length} others, by cosine.</p>
<table>
${lines.join('\n')}
</table>
`,
);
console.log(`${shown.length} digits with their neighbours: ${page}`);
if (labels) console.log(`${Math.round(100 * agreement())} % of the neighbours show the same digit`);

function cell({ id, score }) {
  return `<td>${picture(id)}<br>${score.toFixed(3)}</td>`;
}

/** A picture as SVG: one line for each run of pixels of one grey level. */
function picture(row) {
  const pixels = rows[row];
  const strokes = [];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; ) {
      const grey = Math.round(255 * Math.min(1, Math.max(0, pixels[y * SIDE + x])));
      let end = x + 1;
      while (end < SIDE && Math.round(255 * pixels[y * SIDE + end]) === grey) end++;
      if (grey > 0) strokes.push(`<path d="M${x} ${y}h${end - x}v1H${x}z" fill="rgb(${grey},${grey},${grey})"/>`);
      x = end;
    }
  }
  return `<svg viewBox="0 0 ${SIDE} ${SIDE}" role="img" aria-label="picture ${row}">${strokes.join('')}</svg>`;
}

/** Share of the neighbours with the label of their picture. */
function agreement() {
  const pairs = shown.flatMap((row, i) =>
    hits[i].ids.filter((id) => id !== row).map((id) => labels[id] === labels[row]),
  );
  return pairs.filter(Boolean).length / pairs.length;
}
