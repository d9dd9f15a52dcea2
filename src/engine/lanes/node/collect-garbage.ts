/**
 * Asks the engine to collect garbage now. For the moment when a bound on memory is reached: only a collection can tell whether
 * the memory of forgotten results still counts.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8 calls the finalizers of one registry in a turn, from the one after the next on; the library has fewer registries. */
const TURNS = 16;

let collect: (() => void) | undefined;

/** Resolves when what could be collected is, and finalizers have run. Holds the thread for some milliseconds. */
export async function collectGarbage(): Promise<void> {
  collect ??= collectorOfBun() ?? collectorOfV8();
  collect();
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function collectorOfV8(): () => void {
  // A new context gets the function `gc` when the flag is set; the flag need not stay set.
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return gc;
}

/** Bun's engine knows no flags of V8. */
function collectorOfBun(): (() => void) | undefined {
  const { Bun } = globalThis as { readonly Bun?: { gc(sync: boolean): void } };
  return Bun && (() => Bun.gc(true));
}
