// What went wrong, in a sentence, and what to do about it, in another.

/** @returns {{ what: string, hint: string }} */
export function explain(error, { fileName } = {}) {
  const unreadable = causesOf(error).find(
    (cause) => cause instanceof DOMException && ['NotReadableError', 'NotFoundError'].includes(cause.name),
  );
  if (unreadable) {
    return {
      what: `${fileName ?? 'The file'} can no longer be read.`,
      hint: 'It was removed, moved or changed after it was chosen. Choose it again.',
    };
  }
  if (error instanceof RangeError) {
    return { what: 'The browser gave no more memory.', hint: 'Take fewer vectors, or close other pages.' };
  }
  const what = error instanceof Error ? error.message : String(error);
  return { what, hint: HINTS[error?.code] ?? 'The page is as it was: mend the input, or try another.' };
}

const HINTS = {
  InsufficientMemory:
    'Take fewer vectors, or allow more memory under Options. A file of any size is read chunk by chunk and needs little.',
  ZeroMagnitude: 'Under Options, a vector without direction can be left out instead.',
  NonFinite: 'Under Options, a vector without direction can be left out instead.',
  ThreadPanic: 'Index again: the threads are started anew.',
};

function causesOf(error) {
  const causes = [];
  for (let cause = error; cause && causes.length < 10; cause = cause.cause) causes.push(cause);
  return causes;
}
