// Reads the files that are named on standard input, one by one, each with what it took: for a parent that sets a deadline.
import { createInterface } from 'node:readline';

const { readVectors } = await import(process.argv[2]);
// What the packages themselves take is not the file's doing.
await Promise.allSettled([import('hyparquet'), import('apache-arrow'), import('h5wasm').then(({ ready }) => ready)]);
for await (const file of createInterface({ input: process.stdin })) {
  globalThis.gc();
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 5);
  let told = { code: 'none', message: 'it was read' };
  try {
    for await (const chunk of readVectors(file)) most = Math.max(most, process.memoryUsage.rss(), chunk.dims);
  } catch (error) {
    told = { code: error.code, message: error.message };
  }
  clearInterval(watch);
  most = Math.max(most, process.memoryUsage.rss());
  console.log(JSON.stringify({ ...told, bytes: most - before }));
}
