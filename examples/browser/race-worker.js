// Runs the kernels in turn on the same vectors. On a thread of its own, so that the page stays free; ended to cancel.
import { createKernel } from './simdex/kernel.browser.js';

const BACKENDS = ['javascript', 'scalar', 'simd'];
const ROUNDS = 12;
/** A round of the fastest takes several milliseconds: clocks of pages tick every 5 to 100 µs. */
const COMPONENTS = 1_500_000;

addEventListener('message', async ({ data: { dims, order } }) => {
  try {
    await race(dims, order);
  } catch (error) {
    postMessage({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
});

async function race(dims, order) {
  const count = Math.max(1, Math.floor(COMPONENTS / dims));
  const vectors = Float32Array.from({ length: count * dims }, () => Math.random() - 0.5);
  const runners = [];
  for (const backend of BACKENDS) {
    try {
      const kernel = await createKernel({ backend });
      runners.push({ backend, kernel, matrix: kernel.allocate(count, dims), magnitudes: undefined });
    } catch (error) {
      postMessage({ type: 'absent', backend, message: error instanceof Error ? error.message : String(error) });
    }
  }
  // The first round warms up: compilers are at work, memory is touched for the first time.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const runner of runners) {
      runner.matrix.data.set(vectors);
      const start = performance.now();
      const { magnitudes } = runner.kernel.process(runner.matrix, { order, inPlace: true });
      const elapsedMs = performance.now() - start;
      runner.magnitudes = magnitudes;
      if (round > 0)
        postMessage({
          type: 'round',
          backend: runner.backend,
          nsPerVector: (1e6 * elapsedMs) / count,
          round,
          rounds: ROUNDS,
        });
    }
  }
  postMessage({ type: 'done', agree: runners.every(({ magnitudes }) => agree(magnitudes, runners[0].magnitudes)) });
}

/** Every magnitude the same within a millionth. */
function agree(some, others) {
  return some.every((magnitude, i) => Math.abs(magnitude - others[i]) <= 1e-6 * others[i]);
}
