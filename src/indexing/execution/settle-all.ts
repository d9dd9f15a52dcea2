/**
 * Parties at work on one run.
 */
import type { ControlBlock } from '../../memory/control-block.js';

/**
 * Resolves when all are done. One that fails ends the run for the others, and is thrown once nobody is at work any more: the
 * run's memory is free then.
 */
export async function settleAll(control: ControlBlock, parties: readonly Promise<void>[]): Promise<void> {
  const stop = (error: unknown) => {
    control.lowerEnd(0);
    throw error;
  };
  const settled = await Promise.allSettled(parties.map((party) => party.catch(stop)));
  const failed = settled.find((party) => party.status === 'rejected');
  if (failed) throw failed.reason;
}
