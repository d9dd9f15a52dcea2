/**
 * Threads this process may really use: `os.availableParallelism()` knows the machine's cores and the affinity mask, but
 * not the CPU quota of a container (on Node 20), which is in the cgroup's `cpu.max`.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';

/** See {@link cpuQuota} for the files. */
export function availableThreads(membership = '/proc/self/cgroup', root = '/sys/fs/cgroup'): number {
  return Math.max(1, Math.min(availableParallelism(), 256, Math.ceil(cpuQuota(membership, root))));
}

/**
 * CPUs that the cgroup (v2) of this process and all groups above it allow; Infinity without a quota.
 *
 * @param membership file that names the process's group, as `0::/path`
 * @param root where the hierarchy is mounted
 */
export function cpuQuota(membership: string, root: string): number {
  const path = /^0::(.*)$/m.exec(readIfThere(membership))?.[1] ?? '/';
  let quota = Number.POSITIVE_INFINITY;
  for (let group = path; ; group = posix.dirname(group)) {
    const [limit, period] = readIfThere(posix.join(root, group, 'cpu.max'))
      .trim()
      .split(' ')
      .map(Number);
    // "max 100000" means no limit: Number('max') is NaN and fails the comparison.
    if (limit !== undefined && period !== undefined && limit > 0 && period > 0) quota = Math.min(quota, limit / period);
    if (group === '/' || group === '.') return quota;
  }
}

/** Systems without cgroups, and groups without a cpu controller, have no such file: that means no quota. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
