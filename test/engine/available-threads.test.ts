import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { availableThreads, cpuQuota } from '../../src/engine/lanes/node/available-threads.js';

let root: string;
let membership: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cgroup-'));
  membership = join(root, 'self');
  writeFileSync(membership, '0::/service/job\n');
  mkdirSync(join(root, 'service', 'job'), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

describe('cpuQuota', () => {
  it('is the quota over the period of the own group', () => {
    writeFileSync(join(root, 'service', 'job', 'cpu.max'), '250000 100000\n');
    expect(cpuQuota(membership, root)).toBe(2.5);
  });

  it('is the least of the own group and those above it', () => {
    writeFileSync(join(root, 'service', 'job', 'cpu.max'), '400000 100000\n');
    writeFileSync(join(root, 'service', 'cpu.max'), '150000 100000\n');
    expect(cpuQuota(membership, root)).toBe(1.5);
  });

  it('is unlimited where the group says max, and where there is no cgroup', () => {
    writeFileSync(join(root, 'service', 'job', 'cpu.max'), 'max 100000\n');
    expect(cpuQuota(membership, root)).toBe(Number.POSITIVE_INFINITY);
    expect(cpuQuota(join(root, 'absent'), join(root, 'absent'))).toBe(Number.POSITIVE_INFINITY);
  });

  it('reads the root group where a container sees only that', () => {
    writeFileSync(membership, '0::/\n');
    writeFileSync(join(root, 'cpu.max'), '50000 100000\n');
    expect(cpuQuota(membership, root)).toBe(0.5);
  });
});

describe('availableThreads', () => {
  it('is at least 1 and no more than the machine has', () => {
    expect(availableThreads()).toBeGreaterThanOrEqual(1);
    expect(availableThreads()).toBeLessThanOrEqual(availableParallelism());
  });

  it('is as many as the quota has room for, and one more for a part', () => {
    const within = (cpuMax: string) => {
      writeFileSync(join(root, 'service', 'job', 'cpu.max'), cpuMax);
      return availableThreads(membership, root);
    };
    const machine = Math.min(256, availableParallelism());
    expect(within('50000 100000\n')).toBe(1);
    expect(within('150000 100000\n')).toBe(Math.min(2, machine));
    expect(within('max 100000\n')).toBe(machine);
  });
});
