/**
 * Whether a Content-Security-Policy forbids workers. A worker that is forbidden fails like one whose file is missing; only
 * the page's own event tells the difference, and comes first.
 */
import { WorkersUnavailable } from '../worker-pool.js';

export interface WorkerPolicy {
  /** The violation seen since the watch began, if there was one. */
  violation(): WorkersUnavailable | undefined;
  stop(): void;
}

export function watchWorkerPolicy(): WorkerPolicy {
  let seen: WorkersUnavailable | undefined;
  const listen = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
    if (effectiveDirective !== 'worker-src') return;
    seen = new WorkersUnavailable(`the Content-Security-Policy's worker-src forbids ${blockedURI}`);
  };
  globalThis.addEventListener('securitypolicyviolation', listen);
  return {
    violation: () => seen,
    stop: () => globalThis.removeEventListener('securitypolicyviolation', listen),
  };
}
