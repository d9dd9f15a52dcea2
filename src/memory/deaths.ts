/**
 * When the rows of a segment were removed ("died"), in memory that all threads read. Every change of an index has a version
 * number. A row that died at version v is visible to whoever looks at an earlier version. So a change never disturbs a search,
 * and copies nothing.
 *
 * A death is two uint32 for each row: (v mod 2³¹) + 1, which is 0 for a row that is alive, and v div 2³¹. Only the calling
 * thread writes them. It writes each once, the second word before the first. A thread may see a death that is half written.
 * That death belongs to a version later than the one that the thread looks at, so it makes no difference to the thread.
 */

export const DEATH_BYTES = 8;

const LOW = 2 ** 31;

/** @param deaths Uint32Array, two words a row */
export function recordDeath(deaths: Uint32Array, row: number, version: number): void {
  deaths[2 * row + 1] = Math.floor(version / LOW);
  // Publishes the word before; pairs with the load in isThere.
  Atomics.store(deaths, 2 * row, (version % LOW) + 1);
}

/** Whether a row is there at `version`. */
export function isThere(deaths: Uint32Array, row: number, version: number): boolean {
  if (deaths[2 * row] === 0) return true;
  // Pairs with the store in recordDeath.
  const low = Atomics.load(deaths, 2 * row);
  return low === 0 || low - 1 + LOW * deaths[2 * row + 1]! > version;
}

/** Whether a row was never recorded to have died, at whatever version. */
export function isAlive(deaths: Uint32Array, row: number): boolean {
  return deaths[2 * row] === 0;
}

/** The version at which a row died; undefined for one that is alive. */
export function deathOf(deaths: Uint32Array, row: number): number | undefined {
  const low = deaths[2 * row]!;
  return low === 0 ? undefined : low - 1 + LOW * deaths[2 * row + 1]!;
}
