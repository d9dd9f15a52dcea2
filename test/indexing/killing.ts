/**
 * Kills threads from outside, at moments that a test chooses.
 */
import type { Worker } from 'node:worker_threads';
import type { IndexingResult } from 'simdex';
import type { Threads } from '../engine/threads.js';
import { turn } from './support.js';

/** Once for each thread: Node has a thread that is terminated again hold one listener more, and warns of the eleventh. */
export function terminate({ alive }: Threads, worker: Worker | undefined): Promise<number> | undefined {
  return worker && alive.delete(worker) ? worker.terminate() : undefined;
}

/** Terminates `kills` random threads, each after a random number of turns, until `run` has settled. */
export async function killDuring(
  threads: Threads,
  run: Promise<unknown>,
  random: () => number,
  kills: number,
): Promise<void> {
  let settled = false;
  const end = () => {
    settled = true;
  };
  run.then(end, end);
  for (let kill = 0; kill < kills && !settled; kill++) {
    for (let turns = Math.floor(random() ** 2 * 60); turns > 0 && !settled; turns--) await turn();
    const { alive } = threads;
    terminate(threads, [...alive][Math.floor(random() * alive.size)]);
  }
}

/** Whether a result has exactly the bits of `expected`. */
export function isSame(result: IndexingResult, expected: IndexingResult): boolean {
  const bytes = ({ vectors }: IndexingResult) =>
    [vectors.matrix.data, vectors.magnitudes].map((view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  const [rowsFound, magnitudesFound] = bytes(result);
  const [rowsExpected, magnitudesExpected] = bytes(expected);
  return rowsFound!.equals(rowsExpected!) && magnitudesFound!.equals(magnitudesExpected!);
}
