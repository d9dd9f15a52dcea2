/**
 * Asks V8 to collect garbage now. For the moment when a bound on memory is reached: only a collection can tell whether
 * the memory of forgotten results still counts.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Resolves when what could be collected is, and finalizers have run. Holds the thread for some milliseconds. */
export async function collectGarbage(): Promise<void> {
  if (!collect) {
    // A new context gets the function `gc` when the flag is set; the flag need not stay set.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
  // Finalizers are called in a turn of their own, after the one that V8 schedules them in.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
