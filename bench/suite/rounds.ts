/**
 * Alternating rounds: every contender has a short round, then every one has the next, so that what disturbs the machine for
 * a while disturbs all of them alike.
 */
import type { Contender, RoundLength } from './contender.js';

export interface RoundPlan extends RoundLength {
  /** Rounds that count; one before them warms up. */
  readonly rounds: number;
}

/** Samples of one contender, one list for each round, in nanoseconds per vector. */
export type RoundSamples = readonly (readonly number[])[];

/** Samples of every contender, in their order. Rejects with the reason of `signal`. */
export async function measureAlternating(
  contenders: readonly Contender[],
  { rounds, ...length }: RoundPlan,
  signal?: AbortSignal,
): Promise<readonly RoundSamples[]> {
  const samples = contenders.map((): (readonly number[])[] => []);
  for (const contender of contenders) {
    signal?.throwIfAborted();
    await contender.measureRound({ seconds: 0, minSamples: 1 });
  }
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      signal?.throwIfAborted();
      // No subject always comes after the same one, nor always first.
      const i = (round % 2 === 0 ? round + turn : round + contenders.length - turn) % contenders.length;
      samples[i]!.push(await contenders[i]!.measureRound(length));
    }
  }
  return samples;
}
