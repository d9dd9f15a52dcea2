/**
 * How the units of a job are worked on: by worker threads, or by the calling thread where there are none.
 */
import type { UnitControl } from '../../memory/control-block.js';

export interface UnitWork {
  /**
   * Does a unit that was claimed, slice by slice, and records its end. Whoever calls it looks between two slices whether the
   * unit is still wanted. A slice takes well below 2 ms.
   */
  slices(unit: number): Generator<void, void, void>;
}

/** Called when a unit has been claimed, before it is touched. */
export type UnitListener = (unit: number) => void;

/** Claims and does units until none is left, or until another job waits. Blocks the thread while rows are being copied in. */
export function doUnits(control: UnitControl, thread: number, work: UnitWork, onUnit?: UnitListener): void {
  for (let unit = control.claim(thread); unit >= 0; unit = control.claim(thread)) {
    onUnit?.(unit);
    for (const _ of work.slices(unit)) if (!control.isMine(unit, thread)) break;
    // After a unit and not before it, so that every job goes on whatever waits.
    if (control.isAskedToYield) return;
  }
}
