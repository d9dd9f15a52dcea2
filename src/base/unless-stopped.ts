/**
 * A promise that rejects when a signal is aborted, whatever the work behind it does. The work itself goes on.
 */

/**
 * Settles as `work` does, or rejects with the signal's reason as soon as it is aborted.
 *
 * @param graceMs how long after that it still waits
 */
export function unlessStopped<T>(work: Promise<T>, signal: AbortSignal, graceMs = 0): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => (graceMs > 0 ? setTimeout(() => reject(signal.reason), graceMs) : reject(signal.reason));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const settle = (end: () => void) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason);
      else end();
    };
    work.then(
      (value) => settle(() => resolve(value)),
      (reason) => settle(() => reject(reason)),
    );
  });
}
