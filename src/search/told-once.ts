/**
 * An index makes an indexer for every change, and each would say of this machine or page what the ones before it said.
 */
import type { IndexerLogger } from '../engine/engine-options.js';

/** Passes every message on once. */
export function toldOnce(logger: IndexerLogger): IndexerLogger {
  const told = new Set<string>();
  const isNew = (message: string) => !told.has(message) && told.add(message);
  return {
    info(message) {
      if (isNew(message)) logger.info(message);
    },
    warn(message) {
      if (isNew(message)) logger.warn(message);
    },
  };
}
