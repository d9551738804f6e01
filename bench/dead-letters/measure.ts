/** Times of many queries, taken in turns and judged together. */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { errorText } from '../../src/platform/lifecycle/errors.ts';
import { percentile, say } from '../figures.ts';

export interface Measured {
  name: string;
  /** One call, by the product's own function; `round` counts from 0. */
  run: (round: number) => Promise<unknown>;
}

export interface Times {
  /** From the call to the result: connection, protocol, driver and our own work included. */
  callMs: number[];
  /** What the server's process and this one spent on a CPU meanwhile; 0 where unknown. */
  cpuMs: number[];
}

export interface MeasureOptions {
  /** The server's process that does the work; 0 when there are several. */
  pid: number;
  rounds: number;
  /** Ends the measurement, too. */
  until?: Promise<unknown>;
  warmUp?: number;
  /** On a machine that is busy with something else, fewer rounds do. */
  longestMs?: number;
}

/** Rounds of all queries, one run of each: a disturbance then hits all of them alike. */
export async function measure(
  queries: readonly Measured[],
  options: MeasureOptions,
): Promise<Map<string, Times>> {
  const { pid, rounds, until, warmUp = 10, longestMs = until === undefined ? 120_000 : Infinity } = options;
  const ended = new AbortController();
  const end = (): void => ended.abort();
  until?.then(end, end);
  const times = new Map<string, Times>(queries.map(({ name }) => [name, { callMs: [], cpuMs: [] }]));
  const failures = new Set<string>();
  const endMs = performance.now() + longestMs;
  for (
    let round = 0;
    round < warmUp + rounds && performance.now() < endMs && !ended.signal.aborted;
    round += 1
  ) {
    for (const { name, run } of queries) {
      const cpuBeforeMs = cpuTimeMs(pid);
      const startedMs = performance.now();
      // A query that fails, as one that takes too long does, is a target missed and not the end.
      const failure = await run(round).then(() => null, errorText);
      if (failure !== null && !failures.has(name)) say(`  ${name}: ${failure}`);
      if (failure !== null) failures.add(name);
      const callMs = failure === null ? performance.now() - startedMs : Infinity;
      if (round < warmUp) continue;
      times.get(name)?.callMs.push(callMs);
      times.get(name)?.cpuMs.push(cpuTimeMs(pid) - cpuBeforeMs);
    }
  }
  return times;
}

/** How long a process and this one have been on a CPU; 0 where the system does not say it to the nanosecond. */
function cpuTimeMs(pid: number): number {
  try {
    const { user, system } = process.cpuUsage();
    return (
      Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6 + (user + system) / 1e3
    );
  } catch {
    return 0;
  }
}

export interface Target {
  share: 0.95 | 0.99;
  ms: number;
}

/** @returns whether the target holds for all */
export function report(title: string, times: ReadonlyMap<string, Times>, target: Target): boolean {
  const cells = (values: number[], ...shares: number[]): string =>
    shares.map((share) => percentile(values, share).toFixed(2).padStart(7)).join(' ');
  const wanted = `p${target.share * 100} ≤ ${target.ms} ms`;
  let met = true;
  say(`${title}: ${wanted}`);
  say(
    `  ${'ms'.padEnd(38)} ${['p50', 'p95', 'p99', 'most'].map((head) => head.padStart(7)).join(' ')}   CPU p99`,
  );
  for (const [name, { callMs, cpuMs }] of times) {
    const verdict = verdictOf(percentile(callMs, target.share), percentile(cpuMs, target.share), target.ms);
    met &&= verdict !== 'MISSED';
    say(`  ${name.padEnd(38)} ${cells(callMs, 0.5, 0.95, 0.99, 1)}   ${cells(cpuMs, 0.99)}   ${verdict}`);
  }
  say(`  ${Math.min(...[...times.values()].map(({ callMs }) => callMs.length))} runs of each\n`);
  return met;
}

/** `busy`: missed, and it would not be if nobody else had been on the CPUs. */
function verdictOf(ms: number, cpuMs: number, targetMs: number): 'met' | 'busy' | 'MISSED' {
  if (ms <= targetMs) return 'met';
  return cpuMs > 0 && cpuMs <= targetMs ? 'busy' : 'MISSED';
}

/** A figure against its target, on a line of its own. */
export function verdict(what: string, figure: string, met: boolean, whenAlone = met): boolean {
  const word = met ? 'met' : whenAlone ? 'busy' : 'MISSED';
  say(`  ${what.padEnd(46)} ${figure.padStart(28)}   ${word}`);
  return whenAlone;
}

/**
 * A speed against the least that it must be. `busy`: missed, and it would not be if nobody else had been on the
 * CPUs, going by what the work spent there.
 */
export function speedVerdict(
  what: string,
  count: number,
  time: { seconds: number; cpuSeconds: number },
  least: number,
): boolean {
  const [actual, alone] = [count / time.seconds, count / time.cpuSeconds];
  const figure = `${actual.toFixed(0)}/s, alone ${alone.toFixed(0)}/s`;
  return verdict(`${what}, ≥ ${least.toLocaleString('en')}/s`, figure, actual >= least, alone >= least);
}
