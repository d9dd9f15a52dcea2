/**
 * The engine of all indexes that are not given one. It is made when the first of them needs it, and ends with the last.
 */
import { Engine } from './engine.js';

let engine: Engine | undefined;
let users = 0;

/** A user's hold on the shared engine. */
export interface SharedEngineHold {
  readonly engine: Engine;
  /** For the last user it resolves when the threads have ended. A second call does nothing. */
  release(): Promise<void>;
}

export function holdSharedEngine(): SharedEngineHold {
  const held = engine ?? new Engine();
  engine = held;
  users++;
  let released: Promise<void> | undefined;
  const release = async () => {
    users--;
    if (users > 0) return;
    engine = undefined;
    await held.dispose();
  };
  return {
    engine: held,
    release() {
      released ??= release();
      return released;
    },
  };
}
