/**
 * A native program as one more variant: the same vectors, the same rounds.
 *
 * It is called with `COUNT DIMS THREADS sorted|original tuned REPEATS`, works REPEATS times on COUNT fresh random vectors
 * and prints one JSON line with `minNsPerVector` and `medianNsPerVector`; making the vectors is not in them. The repeats
 * are two, so that these are both of its samples.
 */
import type { Contender } from './contender.js';

export interface NativeProgram {
  /** Rejects with `InvalidConfiguration` when it fails or answers something else. */
  run(task: NativeTask): Promise<NativeAnswer>;
}

export interface NativeTask {
  readonly count: number;
  readonly dims: number;
  readonly threads: number;
  readonly order: 'sorted' | 'original';
  readonly repeats: number;
}

export interface NativeAnswer {
  readonly minNsPerVector: number;
  readonly medianNsPerVector: number;
}

export function createNativeContender(program: NativeProgram, task: Omit<NativeTask, 'repeats'>): Contender {
  return {
    async measureRound() {
      const { minNsPerVector, medianNsPerVector } = await program.run({ ...task, repeats: 2 });
      return [minNsPerVector, medianNsPerVector];
    },
  };
}
