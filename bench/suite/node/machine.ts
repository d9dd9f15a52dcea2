/**
 * The machine and engine that figures come from.
 */
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import type { Machine } from '../results.js';

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${platform()} ${arch()}`,
    engine: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
  };
}
