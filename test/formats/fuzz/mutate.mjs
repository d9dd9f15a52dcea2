// Damages files, the same for the same seed.

/** A seeded generator (mulberry32) of integers in 0..below-1. */
export function createRandom(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** A place, often among the first or the last bytes, where headers and footers are. */
function place(random, length) {
  const near = Math.min(length, 128);
  return [random(length), random(near), length - 1 - random(near)][random(3)];
}

const mutators = [
  function flip(bytes, random) {
    for (let flips = random(4); flips >= 0; flips--) bytes[place(random, bytes.length)] ^= 1 << random(8);
    return bytes;
  },
  function overwrite(bytes, random) {
    for (let times = random(4); times >= 0; times--) bytes[place(random, bytes.length)] = random(256);
    return bytes;
  },
  function extreme(bytes, random) {
    const width = 1 << random(4);
    const at = Math.max(0, Math.min(place(random, bytes.length), bytes.length - width));
    const value = EXTREMES[random(EXTREMES.length)];
    for (let i = 0; i < width && at + i < bytes.length; i++)
      bytes[at + i] = i < 4 ? value >>> (8 * i) : random(2) * 255;
    return bytes;
  },
  function cut(bytes, random) {
    return bytes.slice(0, place(random, bytes.length));
  },
  function remove(bytes, random) {
    const at = place(random, bytes.length);
    const length = 1 + random(Math.min(64, bytes.length - at));
    return join(bytes.subarray(0, at), bytes.subarray(at + length));
  },
  function repeat(bytes, random) {
    const at = place(random, bytes.length);
    const piece = bytes.subarray(at, at + 1 + random(64));
    return join(bytes.subarray(0, at), ...Array(1 + random(8)).fill(piece), bytes.subarray(at));
  },
  function exchange(bytes, random) {
    const [a, b] = [place(random, bytes.length), place(random, bytes.length)];
    const length = 1 + random(32);
    const piece = bytes.slice(a, a + length);
    bytes.copyWithin(a, b, b + length);
    bytes.set(piece.subarray(0, Math.max(0, bytes.length - b)), b);
    return bytes;
  },
  function splice(bytes, random, other) {
    const [at, from] = [place(random, bytes.length), place(random, other.length)];
    if (random(2)) return join(bytes.subarray(0, at), other.subarray(from));
    // A piece of the other one, in its own place or another.
    const piece = other.subarray(from, from + 1 + random(256));
    return join(bytes.subarray(0, at), piece, bytes.subarray(at + (random(2) ? piece.length : 0)));
  },
];

function join(...pieces) {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** One of the valid files, damaged in one to three ways. */
export function damagedFile(files, seed) {
  const random = createRandom(seed);
  let bytes = files[random(files.length)].slice();
  for (let times = 1 + random(3); times > 0 && bytes.length > 0; times--)
    bytes = mutators[random(mutators.length)](bytes, random, files[random(files.length)]);
  return bytes;
}
