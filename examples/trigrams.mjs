// Text as a vector: how often each trigram of letters occurs in it, trigrams hashed (FNV-1a) to 384 places.

export const DIMS = 384;

/** Float32Array of DIMS counts; undefined for a text without three letters. */
export function trigramCounts(text) {
  const letters = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  if (letters.length < 3) return undefined;
  const counts = new Float32Array(DIMS);
  for (let i = 0; i + 3 <= letters.length; i++) {
    let hash = 0x811c9dc5;
    for (let j = i; j < i + 3; j++) hash = Math.imul(hash ^ letters.charCodeAt(j), 0x01000193);
    counts[(hash >>> 0) % DIMS] += 1;
  }
  return counts;
}
