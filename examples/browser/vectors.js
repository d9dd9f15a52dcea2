// Where vectors come from: made here, or read from a file.

/** How long the page may be kept from anything else. */
const SLICE_MS = 8;

/** The next turn of the event loop; a timer would wait a second in a tab in the background. */
const channel = new MessageChannel();
const turn = () =>
  new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });

/** Fills `data` with numbers from -1 to 1, the same for the same seed: Marsaglia's xorshift, 32 bits. */
export async function fillRandom(data, seed, { signal, onProgress }) {
  let state = seed >>> 0 || 1;
  let sliceEnd = performance.now() + SLICE_MS;
  for (let i = 0; i < data.length; ) {
    for (const end = Math.min(data.length, i + 4096); i < end; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      data[i] = state / 2 ** 31;
    }
    if (performance.now() < sliceEnd) continue;
    onProgress(i / data.length);
    await turn();
    signal.throwIfAborted();
    sliceEnd = performance.now() + SLICE_MS;
  }
}

/** A file that knows how far it has been read. Its bytes stay where they are. */
export class CountedFile extends File {
  bytesRead = 0;

  constructor(file) {
    super([file], file.name);
  }

  slice(start, end, type) {
    this.bytesRead = Math.max(this.bytesRead, Math.min(end ?? this.size, this.size));
    return super.slice(start, end, type);
  }
}

const READABLE = ['.npy', '.fvecs', '.csv', '.jsonl'];

/** What is wrong with a file before anything is read; undefined when nothing is. */
export function refusalOf(file) {
  const name = file.name.toLowerCase();
  if (!READABLE.some((extension) => name.endsWith(extension))) {
    return `${file.name} cannot be read here: its name ends in none of ${READABLE.join(', ')}.`;
  }
  if (file.size === 0) return `${file.name} is empty.`;
  return undefined;
}
