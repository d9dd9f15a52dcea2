// The kernel's backends against each other and against plain JavaScript on ordinary arrays, on the calling thread, with
// the package `benchmark`. Prints nanoseconds per vector.
//
//   node bench/kernel-backends.mjs
import Benchmark from 'benchmark';
import { createKernel } from 'simdex/kernel';
import { randomComponents } from './random-components.mjs';

/** Components of all vectors together: 512 KiB, within the second-level cache. */
const COMPONENTS = 2 ** 17;
const OPERATIONS = ['magnitudes', 'normalize', 'sort', 'process'];
const backends = [];
for (const backend of ['javascript', 'scalar', 'simd']) backends.push(await createKernel({ backend }));

console.log(
  'ns per vector, one thread; each sample starts from fresh components, whose copying is part of every figure\n',
);
console.log(`| operation | dims | ${backends.map(({ backend }) => backend).join(' | ')} | simd / javascript |`);
console.log(`| --- | --- | ${backends.map(() => '---').join(' | ')} | --- |`);

for (const operation of OPERATIONS) {
  for (const dims of [64, 128, 384, 768, 1536, 2048]) {
    const count = Math.floor(COMPONENTS / dims);
    const source = randomComponents(count * dims);
    const perVector = backends.map((kernel) => {
      const matrix = kernel.allocate(count, dims);
      const run = () => {
        matrix.data.set(source);
        if (operation === 'process') kernel.process(matrix, { inPlace: true });
        else kernel[operation](matrix);
      };
      const { error, stats } = new Benchmark(run, { maxTime: 0.3, minSamples: 20 }).run();
      if (error) throw error;
      return (Math.min(...stats.sample) * 1e9) / count;
    });
    const ratio = (perVector[0] / perVector.at(-1)).toFixed(1);
    const cells = [operation, dims, ...perVector.map((ns) => ns.toFixed(0)), `${ratio}×`];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
