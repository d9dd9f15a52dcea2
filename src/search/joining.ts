/**
 * A search that joins a pass over the rows and waits for it. When its signal is aborted it stops waiting, and the pass goes on
 * for the others.
 */
import type { IndexingError } from '../base/errors.js';
import { onAbort } from '../base/signals.js';
import type { Gathering, WaitingCall } from '../engine/gathering.js';
import type { Job } from '../engine/job.js';

/** A pass of several calls. */
export interface PassJob extends Job {
  /** The error that ended it early. */
  readonly panic: IndexingError | undefined;
  /** Takes in that a call does not want its hits any more. */
  leave(): void;
}

/** A call that waits, and then the pass that it takes part in. */
export interface JoiningCall<J extends PassJob> extends WaitingCall {
  job?: J;
}

/** Gives the pass when it is over. Rejects with `signal.reason`, and with what ended the pass. */
export async function joinPass<J extends PassJob, Call extends JoiningCall<J>>(
  gathering: Gathering<Call, J>,
  call: Call,
  passes: Set<Promise<unknown>>,
  signal: AbortSignal,
): Promise<J> {
  signal.throwIfAborted();
  const { done, leave } = gathering.enter(call);
  passes.add(done);
  const job = await new Promise<J | undefined>((resolve, reject) => {
    const stop = () => {
      leave();
      call.job?.leave();
      reject(signal.reason);
    };
    const unlink = onAbort(signal, stop);
    const settle = () => {
      passes.delete(done);
      unlink();
    };
    done.then(settle, settle);
    done.then(resolve, reject);
  });
  if (!job) throw signal.reason;
  if (job.panic) throw job.panic;
  return job;
}
