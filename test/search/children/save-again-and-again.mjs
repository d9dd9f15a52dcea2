// Saves one of two indexes over the same file, for ever: until it is killed.
import { VectorIndex } from 'simdex';

const [file] = process.argv.slice(2);
const rows = (value) => Array.from({ length: 3000 }, (_, i) => Float32Array.of(value, i + 1, -i));
const indexes = await Promise.all(
  [1, 2].map((value) => VectorIndex.build(rows(value), { threadCount: 1, metric: 'dot' })),
);
for (let turn = 0; ; turn++) {
  await indexes[turn % 2].save(file);
  if (turn === 1) process.stdout.write('saved');
}
