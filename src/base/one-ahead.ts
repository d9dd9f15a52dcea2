/**
 * Asks for the next item while the receiver is busy with the one before. What goes wrong meanwhile is told in its turn.
 */
export async function* oneAhead<T>(items: AsyncGenerator<T, undefined>): AsyncGenerator<T, undefined> {
  try {
    for (let next = items.next(); ; ) {
      const { done, value } = await next;
      if (done) return;
      next = items.next();
      // The receiver gets the error when it asks for this item.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    await items.return(undefined);
  }
}
