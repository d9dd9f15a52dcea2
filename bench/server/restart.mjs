// From the start of the process to the first answer of /readyz, against reading the bytes of its folder; without data, with rows and a graph (--rows),
// and with more rows without one (--restart-rows), since a graph of a million rows takes long to build. Processor time is beside the time, since it says
// more where others use the machine.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { median, spread, tell, whole } from './figures.mjs';
import { cpuMsOf, folder, startServer } from './processes.mjs';
import { createCollection, importRows, isReady, untilGreen } from './requests.mjs';

export async function restart({ rounds, rows, restartRows }) {
  await fill('restart-graph', rows, true);
  await fill('restart', restartRows, false);
  const kinds = [
    { name: 'restart-empty', what: 'without data' },
    { name: 'restart-graph', what: `with ${whole(rows)} × 384 and a graph` },
    { name: 'restart', what: `with ${whole(restartRows)} × 384` },
  ].map((kind) => ({ ...kind, starts: [], reads: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const { name, starts, reads } of kinds) {
      starts.push(await start(name));
      reads.push(plainRead(join(folder, name)));
    }
  }
  for (const { name, what, starts, reads } of kinds) {
    const [ms, cpuMs] = ['ms', 'cpuMs'].map((figure) => median(starts.map((each) => each[figure])));
    const [readMs, readCpuMs] = ['ms', 'cpuMs'].map((figure) => median(reads.map((each) => each[figure])));
    const isEmpty = name === 'restart-empty';
    tell(
      `ready ${what}`,
      `${whole(ms)} ms, ${whole(cpuMs)} ms of processor`,
      isEmpty
        ? ''
        : `reading ${whole(reads[0].bytes / 1e6)} MB ${whole(readMs)} ms, ${whole(readCpuMs)} ms of processor`,
      isEmpty ? '' : spread(starts.map((each, round) => each.ms / reads[round].ms)),
      name === 'restart' ? 'at most 3' : '',
    );
  }
}

async function fill(name, rows, hasGraph) {
  const server = await startServer(name);
  await createCollection(server.url, 'c', hasGraph ? {} : { hnsw_config: { m: 0 } });
  await importRows(server.url, 'c', rows);
  await untilGreen(server.url, 'c');
  await server.stop();
}

async function start(name) {
  const beganAt = performance.now();
  const server = await startServer(name);
  while (!(await isReady(server.url))) await new Promise((resolve) => setTimeout(resolve, 10));
  const ms = performance.now() - beganAt;
  const cpuMs = cpuMsOf(server.child.pid);
  await server.stop();
  return { ms, cpuMs };
}

function plainRead(directory) {
  const files = readdirSync(directory, { recursive: true })
    .map((name) => join(directory, name))
    .filter((file) => statSync(file).isFile());
  const [beganAt, before] = [performance.now(), process.cpuUsage()];
  let bytes = 0;
  for (const file of files) bytes += readFileSync(file).length;
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - beganAt, cpuMs: (user + system) / 1000, bytes };
}
