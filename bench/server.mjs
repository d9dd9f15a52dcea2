// The server under load, from another process on the same machine, each figure beside what bounds it. Prints a Markdown table.
//
//   node bench/server.mjs [--rounds 5] [--only upsert,import,search,latency,restart,memory,threshold] [--rows 100000]
//                         [--restart-rows 1000000] [--minutes 10] [--sizes 2000,5000,10000,20000,50000,100000]
//
// Ratios come from alternating rounds: the median of the rounds' ratios, with the least and the greatest. The load is made by this process;
// the server, and what it is compared with, are processes of their own. `restart`, `memory` and `threshold` take long, and run only when named.
// `restart` starts a server without data, one with --rows and their graph, and one with --restart-rows without a graph.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { table } from './server/figures.mjs';
import { imports } from './server/imports.mjs';
import { latency } from './server/latency.mjs';
import { memory } from './server/memory.mjs';
import { restart } from './server/restart.mjs';
import { search } from './server/search.mjs';
import { threshold } from './server/threshold.mjs';
import { upsert } from './server/upsert.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'upsert,import,search,latency' },
    rows: { type: 'string', default: '100000' },
    'restart-rows': { type: 'string', default: '1000000' },
    minutes: { type: 'string', default: '10' },
    sizes: { type: 'string', default: '2000,5000,10000,20000,50000,100000' },
  },
});
const options = {
  rounds: Number(values.rounds),
  roundMs: 3000,
  rows: Number(values.rows),
  restartRows: Number(values['restart-rows']),
  minutes: Number(values.minutes),
  sizes: values.sizes.split(',').map(Number),
};
const benches = { upsert, import: imports, search, latency, restart, memory, threshold };

for (const name of values.only.split(',')) {
  if (!Object.hasOwn(benches, name)) throw new Error(`--only: there are ${Object.keys(benches).join(', ')}`);
  await benches[name](options);
}
console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.version}, ${options.rounds} rounds\n`,
);
console.log(table());
process.exit();
