/**
 * The noise band of a session: how much the figures of one and the same code differ in it (A/A).
 *
 * In every group one variant is measured twice, under two names. Ratios of their minima are taken over all rounds, and of
 * the first half of the one's rounds to the second half of the other's, which also shows what changed meanwhile.
 */
import type { RoundSamples } from './rounds.js';
import { minimum } from './statistics.js';

/** Least and greatest of A/A ratios. */
export interface NoiseBand {
  readonly low: number;
  readonly high: number;
  /** Ratios it comes from. */
  readonly ratios: number;
}

export function twinRatios(one: RoundSamples, other: RoundSamples): readonly number[] {
  const least = (rounds: RoundSamples) => minimum(rounds.flat());
  const half = one.length >> 1;
  const ratios = [least(one) / least(other)];
  if (half > 0) {
    ratios.push(
      least(one.slice(0, half)) / least(other.slice(half)),
      least(one.slice(half)) / least(other.slice(0, half)),
    );
  }
  return ratios;
}

/** @param ratios at least one */
export function noiseBand(ratios: readonly number[]): NoiseBand {
  return { low: Math.min(...ratios), high: Math.max(...ratios), ratios: ratios.length };
}

/** Factor by which the same code may differ from itself. Beyond it, results within the band may well have changed. */
export const WIDEST_BAND = 1.25;

/** The greatest factor between two measurements of the same code, at least 1: 1.03 means 3 %. */
export function noiseFactor({ low, high }: NoiseBand): number {
  return Math.max(high, 1 / low, 1);
}
