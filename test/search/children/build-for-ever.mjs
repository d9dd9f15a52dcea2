// Builds an index whose rows go to a file, from a source that has no end: until it is killed.
import { VectorIndex } from 'simdex';

const [file] = process.argv.slice(2);

async function* chunks() {
  for (let chunk = 0; ; chunk++) {
    if (chunk === 20) process.stdout.write('under way');
    yield { data: Float32Array.from({ length: 1000 * 16 }, (_, i) => Math.sin(i + chunk)), dims: 16 };
  }
}

await VectorIndex.build(chunks(), { rows: 'file', file, threadCount: 1 });
