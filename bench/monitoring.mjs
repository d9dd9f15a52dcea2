// What monitoring costs: everything on against everything off, in alternating fresh processes; prints a Markdown table.
//
//   node bench/monitoring.mjs [--pairs N] [--repeats N]
//
// A/A: everything off against itself in the same pairs; a difference within it is noise.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '11' }, repeats: { type: 'string', default: '15' } },
});
const pairs = Number(values.pairs);

/** Components of all vectors together: 16 MB. */
const COMPONENTS = 4_000_000;
const DIMS = 128;
const THREADS = 2;

console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.
${pairs} pairs of fresh processes in alternating order, each giving its median and its minimum of ${values.repeats} runs after 0.3 s of warm-up.
Whole runs in place, ${DIMS} dims, ${THREADS} threads. Ratio: time with everything on / off, median over the pairs.
`);
console.log('| order | figure | off ns/vector | on ns/vector | ratio | A/A |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const order of ['sorted', 'original']) {
  const runs = Array.from({ length: pairs }, (_, pair) => {
    const sides = ['off', 'on', 'again'];
    const turns = pair % 2 === 0 ? sides : sides.toReversed();
    return Object.fromEntries(turns.map((side) => [side, run(side === 'on' ? 'monitored' : 'unmonitored', order)]));
  });
  for (const figure of ['medianNsPerVector', 'minNsPerVector']) {
    const of = (side) => median(runs.map((each) => each[side][figure]));
    const ratio = median(runs.map(({ on, off }) => on[figure] / off[figure]));
    const same = runs.map(({ again, off }) => again[figure] / off[figure]).sort((a, b) => a - b);
    const noise = `${same[0].toFixed(3)}–${same.at(-1).toFixed(3)}`;
    const name = figure.startsWith('min') ? 'minimum' : 'median';
    console.log(
      `| ${order} | ${name} | ${of('off').toFixed(1)} | ${of('on').toFixed(1)} | ${ratio.toFixed(3)} | ${noise} |`,
    );
  }
}

function run(side, order) {
  const shape = [Math.round(COMPONENTS / DIMS), DIMS, THREADS, order, values.repeats].map(String);
  return JSON.parse(execFileSync(process.execPath, ['bench/side.mjs', side, ...shape], { encoding: 'utf8' }));
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
