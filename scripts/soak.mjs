// Indexes random vectors against a float64 reference until the time is up: odd sizes, ties, signed zeros, denormals, huge
// and tiny components, constant rows, rows that must be rejected, ragged input; 1 to 8 threads, all backends, every kind of
// source. Each case runs three times: in the original order, sorted, and sorted once more with other threads, another batch
// size and other row positions, which must give the same bits. Ends with status 1 at the first difference.
//
//   node scripts/soak.mjs [--minutes 3] [--seed N] [--case N]
//
// --case repeats one case of a seed.
import { parseArgs } from 'node:util';
import { ParallelIndexer } from 'simdex';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    case: { type: 'string' },
  },
});
const minutes = Number(options.minutes);
const seed = Number(options.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed) || !Number.isSafeInteger(Number(options.case ?? 0))) {
  console.error('expected --minutes with a positive number, --seed and --case with whole numbers');
  process.exit(2);
}

const MAX_COMPONENTS = 300_000;
const LARGEST_FLOAT32 = 3.4028235677973366e38;
const SMALLEST_NORMAL = 2 ** -126;
const PRINT_EVERY_MS = 10_000;

const ROW_KINDS = {
  random: (random) => 2 * random() - 1,
  ties: (random) => Math.floor(5 * random()) - 2 || 0.5,
  zeros: (random) => pick(random, [0, -0, 0, -0, 1e-3, -1]),
  denormals: (random) => (2 * random() - 1) * 1e-39,
  smallest: (random) => pick(random, [2 ** -149, -(2 ** -149), 2 ** -148]),
  tiny: (random) => (2 * random() - 1) * 1e-25,
  huge: (random) => (2 * random() - 1) * 3.4e38,
  anyExponent: (random) => (random() < 0.5 ? -1 : 1) * 2 ** (random() * 250 - 126),
};
/** Rows whose components depend on their place. */
const PLACED_KINDS = {
  constant: (random) => {
    const value = pick(random, [1, -1, 0.1, 3e38, 1e-40, random()]);
    return () => value;
  },
  ascending: () => (i) => i + 1,
  descending: () => (i) => -i - 1,
  oneHot: (random, dims) => {
    const at = Math.floor(random() * dims);
    return (i) => (i === at ? 7 : 0);
  },
};
const INVALID_KINDS = {
  ZeroMagnitude: (random) => () => pick(random, [0, -0]),
  NonFinite: (random, dims) => {
    const at = Math.floor(random() * dims);
    const value = pick(random, [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    return (i) => (i === at ? value : random());
  },
};

/** A result differs from the expected one. */
class Difference extends Error {}

/** One of each thread count and backend, made when asked for. */
const indexers = new Map();

function indexerFor({ threads, kernel }) {
  const key = `${threads} ${kernel}`;
  if (!indexers.has(key)) indexers.set(key, new ParallelIndexer(threads, { kernel }));
  return indexers.get(key);
}

let cases = 0;
let vectors = 0;
const startedAt = performance.now();
let printedAt = startedAt;
const only = options.case === undefined ? undefined : Number(options.case);
console.log(`seed ${seed}`);
for (let number = only ?? 0; only === undefined ? elapsedMs() < minutes * 60_000 : number === only; number++) {
  const parameters = drawParameters(seededRandom(number, 0));
  try {
    vectors += await runCase(parameters, seededRandom(number, 1));
  } catch (error) {
    console.error(`\n${error instanceof Difference ? error.message : error.stack}`);
    console.error(`seed ${seed}, case ${number}: ${JSON.stringify(parameters)}`);
    console.error(`Repeat it: npm run soak -- --seed ${seed} --case ${number}`);
    process.exit(1);
  }
  cases++;
  if (performance.now() - printedAt > PRINT_EVERY_MS) {
    printedAt = performance.now();
    console.log(`${cases} cases, ${vectors} vectors, ${Math.round(elapsedMs() / 1000)} s`);
  }
}
await Promise.all([...indexers.values()].map((indexer) => indexer.dispose()));
console.log(`seed ${seed}: ${cases} cases, ${vectors} vectors, no difference`);

function elapsedMs() {
  return performance.now() - startedAt;
}

function drawParameters(random) {
  const between = (least, most) => least + Math.floor(random() * (most - least + 1));
  const dims = pick(random, [
    () => between(1, 24),
    () => between(1, 300),
    () => Math.max(1, 2 ** between(3, 11) + between(-1, 1)),
    () => pick(random, [64, 96, 100, 128, 256, 300, 384, 512, 768, 784, 1024, 1536, 2048]),
    () => between(300, 5000),
    () => pick(random, [65_535, 65_536]),
  ])();
  const most = Math.max(1, Math.floor(MAX_COMPONENTS / dims));
  const count = pick(random, [() => between(0, 9), () => between(1, 1000), () => between(1, most)])();
  const kernel = pick(random, ['simd', 'simd', 'simd', 'simd', 'scalar', 'javascript']);
  const draw = () => ({ threads: between(1, 8), batchSize: random() < 0.5 ? undefined : between(1, 200) });
  return {
    dims,
    count: Math.min(count, most),
    kernel,
    ragged: random() < 0.2,
    invalidShare: random() < 0.3 ? 0.1 : 0,
    mixed: random() < 0.4,
    kind: pick(random, [...Object.keys(ROW_KINDS), ...Object.keys(PLACED_KINDS)]),
    source: pick(random, ['rows', 'matrix', 'subarray', 'shared', 'inPlace', 'into']),
    first: draw(),
    second: draw(),
    rotation: random(),
  };
}

/** Runs one case; returns its number of vectors. */
async function runCase(parameters, random) {
  const rows = Array.from({ length: parameters.count }, () => drawRow(parameters, random));
  const { first, second, kernel } = parameters;
  const original = await index(rows, { ...parameters, ...first, kernel, order: 'original' });
  const sorted = await index(rows, { ...parameters, ...first, kernel, order: 'sorted' });
  const rotation = Math.floor(parameters.rotation * rows.length);
  const rotated = [...rows.slice(rotation), ...rows.slice(0, rotation)];
  const again = await index(rotated, { ...parameters, ...second, kernel, source: 'rows', order: 'sorted' });
  for (const [i, row] of rows.entries()) {
    checkRow(row, original[i], i);
    if (!original[i].code) checkSorted(original[i], sorted[i], i);
    const moved = again[(i - rotation + rows.length) % rows.length];
    if (bits(moved) !== bits(sorted[i])) {
      throw new Difference(`row ${i}: other threads, batches or positions give other bits`);
    }
    if (sorted[i].code !== original[i].code) throw new Difference(`row ${i}: rejected in one order only`);
  }
  return rows.length;
}

function drawRow({ dims, kind, ragged, invalidShare, mixed }, random) {
  const length = ragged ? Math.floor(random() * (dims + 1)) : dims;
  const invalid = random() < invalidShare;
  const own = mixed ? pick(random, [...Object.keys(ROW_KINDS), ...Object.keys(PLACED_KINDS)]) : kind;
  const placed = invalid ? INVALID_KINDS[pick(random, Object.keys(INVALID_KINDS))] : PLACED_KINDS[own];
  const component = placed ? placed(random, length) : () => ROW_KINDS[own](random);
  return Float32Array.from({ length }, (_, i) => component(i));
}

/** Indexes rows. Gives the result of every row: `{ magnitude, components }`, copied, or `{ code }`. */
async function index(rows, { dims, ragged, source, threads, kernel, batchSize, order }) {
  const indexer = indexerFor({ threads, kernel });
  const given = ragged ? { vectors: rows } : sourceOf(rows, dims, source, indexer);
  const runOptions = { order, batchSize, onInvalid: 'skip', inPlace: given.inPlace, into: given.into };
  const result = await indexer.indexVectors(given.vectors, runOptions);
  const codes = new Map(result.rejected.map((rejection) => [rejection.index, rejection.code]));
  const indexed = rows.map((_, i) => {
    const vector = result.vectors.get(i);
    if (!vector !== codes.has(i)) throw new Difference(`row ${i}: neither indexed nor rejected, or both`);
    return vector ? { magnitude: vector.magnitude, components: vector.normalized.slice() } : { code: codes.get(i) };
  });
  if (result.indexedCount + codes.size !== rows.length) {
    throw new Difference(`${result.indexedCount} indexed and ${codes.size} rejected of ${rows.length}`);
  }
  result.dispose();
  given.matrix?.dispose();
  return indexed;
}

function sourceOf(rows, dims, source, indexer) {
  if (source === 'rows') return { vectors: rows };
  const fill = (data) => {
    for (const [i, row] of rows.entries()) data.set(row, i * dims);
    return { data, dims };
  };
  const length = rows.length * dims;
  if (source === 'matrix') return { vectors: fill(new Float32Array(length)) };
  if (source === 'subarray') return { vectors: fill(new Float32Array(length + 7).subarray(3, 3 + length)) };
  if (source === 'shared') return { vectors: fill(new Float32Array(new SharedArrayBuffer(4 * length + 4), 4)) };
  const matrix = indexer.allocate(rows.length, dims);
  if (source === 'into') return { vectors: rows, matrix, into: matrix };
  fill(matrix.data);
  return { vectors: matrix, matrix, inPlace: true };
}

function checkRow(row, found, i) {
  const expected = reference(row);
  if (expected.code !== found.code) throw new Difference(`row ${i}: ${found.code ?? 'indexed'}, not ${expected.code}`);
  if (expected.code) return;
  if (!isClose(found.magnitude, expected.magnitude)) {
    throw new Difference(`row ${i}: magnitude ${found.magnitude}, not ${expected.magnitude}`);
  }
  if (found.components.length !== row.length) throw new Difference(`row ${i}: ${found.components.length} components`);
  const wrong = found.components.findIndex((component, j) => !isClose(component, row[j] / expected.magnitude));
  if (wrong < 0) return;
  const value = row[wrong] / expected.magnitude;
  throw new Difference(`row ${i}: component ${wrong} is ${found.components[wrong]}, not ${value}`);
}

/** Sorting changes places only: the same magnitude and, place by place, the bits that `sort` gives. */
function checkSorted(original, sorted, i) {
  const components = original.components.slice().sort();
  if (bits({ magnitude: original.magnitude, components }) !== bits(sorted)) {
    throw new Difference(`row ${i}: not the sorted components of the original order`);
  }
}

function reference(row) {
  if (row.length === 0) return { code: 'EmptyVector' };
  if (!row.every(Number.isFinite)) return { code: 'NonFinite' };
  // In float64 no sum of squares of float32 numbers overflows or underflows.
  let sum = 0;
  for (const component of row) sum += component * component;
  return sum === 0 ? { code: 'ZeroMagnitude' } : { magnitude: Math.sqrt(sum) };
}

/** Within 1e-6 relative; for what is no normal float32, within the spacing there. */
function isClose(found, expected) {
  if (expected > LARGEST_FLOAT32) return found === Number.POSITIVE_INFINITY;
  const size = Math.abs(expected);
  return Math.abs(found - expected) <= (size >= SMALLEST_NORMAL ? 1e-6 * size : 2 ** -148);
}

function bits({ code, magnitude, components }) {
  if (code) return code;
  return Buffer.from(Float32Array.of(magnitude, ...components).buffer).toString('latin1');
}

function pick(random, list) {
  return list[Math.floor(random() * list.length)];
}

/** Numbers in [0, 1) for a case, the same for the same seed (mulberry32). */
function seededRandom(number, stream) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(2 * number + stream, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
