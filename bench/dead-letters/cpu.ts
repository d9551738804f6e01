/** Who spends how much time on the CPUs. All of it is 0 where there is no /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';

/** Of the time of all CPUs; more than this, and a target that is missed may be missed because of others. */
const MUCH = 0.1;
const TICKS_A_SECOND = 100;

export interface Others {
  /** Share of all CPU time that went to processes that are not ours, from 0 to 1. */
  share: number;
  /** So much that it may be why a target was missed. */
  disturb: boolean;
}

/** Watches until it is asked what processes other than this one and those that it started spent on CPUs. */
export function watchOthers(): () => Others {
  const [startedMs, allBefore, oursBefore] = [performance.now(), busySeconds(), ourSeconds()];
  return () => {
    const seconds = ((performance.now() - startedMs) / 1_000) * cpus().length;
    const others = busySeconds() - allBefore - (ourSeconds() - oursBefore);
    const share = Math.max(others / seconds, 0);
    return { share, disturb: share > MUCH };
  };
}

/** Seconds on a CPU. */
export interface CpuFigures {
  housekeeping: number;
  postgres: number;
  redis: number;
}

/** What the processes that take part spend on CPUs until it is asked. */
export function watchCpu(pids: { housekeeping: number; postgres: number; redis: number }): () => CpuFigures {
  const read = (): CpuFigures => ({
    housekeeping: cpuSeconds(pids.housekeeping),
    postgres: familyOf(pids.postgres).reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    redis: cpuSeconds(pids.redis),
  });
  const before = read();
  return () => {
    const now = read();
    return {
      housekeeping: now.housekeeping - before.housekeeping,
      postgres: now.postgres - before.postgres,
      redis: now.redis - before.redis,
    };
  };
}

export const cpuText = ({ housekeeping, postgres, redis }: CpuFigures): string =>
  `CPU: housekeeping ${housekeeping.toFixed(1)} s, PostgreSQL ${postgres.toFixed(1)} s, Redis ${redis.toFixed(1)} s`;

/** How long work takes at least that is spent on two CPUs, housekeeping on one of them at a time. */
export function leastSeconds({ housekeeping, postgres, redis }: CpuFigures): number {
  return Math.max(housekeeping, (housekeeping + postgres + redis) / 2);
}

/** This process and those that it started, with what has ended of them. */
function ourSeconds(): number {
  return familyOf(process.pid).reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

/** All CPUs together: user, nice, system, interrupts, and what the host gave to other guests. */
function busySeconds(): number {
  const [user, nice, system, , , irq, softirq, steal] =
    read('/proc/stat').split('\n', 1)[0]?.split(/\s+/).slice(1) ?? [];
  const ticks = [user, nice, system, irq, softirq, steal].reduce((sum, value) => sum + Number(value ?? 0), 0);
  return ticks / TICKS_A_SECOND;
}

/** Of a process and those of its children that have ended; 0 when it is gone. */
function cpuSeconds(pid: number): number {
  const ticks = statOf(pid).slice(11, 15);
  return ticks.reduce((sum, value) => sum + Number(value), 0) / TICKS_A_SECOND;
}

/** A process, its children, their children … */
function familyOf(pid: number): number[] {
  const pids = processes().map((one) => ({ pid: one, parent: Number(statOf(one)[1]) }));
  const family = [pid];
  for (const member of family) {
    family.push(...pids.filter(({ parent }) => parent === member).map((child) => child.pid));
  }
  return family;
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** The fields of /proc/<pid>/stat after the program's name. */
function statOf(pid: number): string[] {
  return read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
