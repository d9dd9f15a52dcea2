/**
 * Turns of the event loop. A call that is answered at once resolves in a microtask. A loop of such calls would keep timers,
 * sockets and the answers of threads waiting for ever. So an answer waits for a turn of the event loop when there was none for
 * a while.
 */

/** Calls answered for so long without a turn make the next answer wait for one. */
const LONGEST_MS = 8;

/** When the first call after the last turn was answered; undefined where none was. */
let answeringSinceMs: number | undefined;
let pendingTurn: Promise<void> | undefined;

/** Resolves after one turn of the event loop. `setTimeout` would wait for at least a millisecond, in pages for four. */
export function nextTurn(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  // Cloudflare Workers have neither until a date of compatibility.
  if (typeof MessageChannel !== 'function') return new Promise((resolve) => setTimeout(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/**
 * To be called before a call that was done at once is answered: gives what the answer has to wait for, in most cases nothing.
 *
 * @param performanceNow the time, as of `performance.now()`
 */
export function turnBeforeAnswer(performanceNow: number): Promise<void> | undefined {
  if (answeringSinceMs === undefined) {
    answeringSinceMs = performanceNow;
    // Whatever waits in a loop: when this comes, there was a turn.
    nextTurn().then(turned);
    return undefined;
  }
  if (performanceNow - answeringSinceMs < LONGEST_MS) return undefined;
  // Everybody who asks meanwhile waits for the same turn.
  pendingTurn ??= nextTurn();
  return pendingTurn;
}

function turned(): void {
  answeringSinceMs = undefined;
  pendingTurn = undefined;
}
