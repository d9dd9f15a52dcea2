/** Copies `length` bytes from `distance` before `position` to there; where they overlap, the first ones repeat. */
export function copyMatch(target: Uint8Array, position: number, distance: number, length: number): void {
  // Most are a few bytes.
  if (distance >= length && length > 32) target.copyWithin(position, position - distance, position - distance + length);
  else for (let i = position; i < position + length; i++) target[i] = target[i - distance]!;
}
