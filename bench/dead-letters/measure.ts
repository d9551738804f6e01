/** Times of many queries, taken in turns and judged together. */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { errorText } from '../../src/platform/lifecycle/errors.ts';
import { percentile, say } from '../figures.ts';
import { watchOthers, type Others } from './cpu.ts';

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

export interface Measurement {
  times: ReadonlyMap<string, Times>;
  others: Others;
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
export async function measure(queries: readonly Measured[], options: MeasureOptions): Promise<Measurement> {
  const { pid, rounds, until, warmUp = 10, longestMs = until === undefined ? 120_000 : Infinity } = options;
  const ended = new AbortController();
  const end = (): void => ended.abort();
  until?.then(end, end);
  const times = new Map<string, Times>(queries.map(({ name }) => [name, { callMs: [], cpuMs: [] }]));
  const failures = new Set<string>();
  const others = watchOthers();
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
  return { times, others: others() };
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
export function report(title: string, { times, others }: Measurement, target: Target): boolean {
  const cells = (values: number[], ...shares: number[]): string =>
    shares.map((share) => percentile(values, share).toFixed(2).padStart(7)).join(' ');
  const wanted = `p${target.share * 100} ≤ ${target.ms} ms`;
  let met = true;
  say(`${title}: ${wanted}`);
  say(
    `  ${'ms'.padEnd(38)} ${['p50', 'p95', 'p99', 'most'].map((head) => head.padStart(7)).join(' ')}   CPU p99`,
  );
  for (const [name, { callMs, cpuMs }] of times) {
    const holds = percentile(callMs, target.share) <= target.ms;
    const cpu = percentile(cpuMs, target.share);
    const verdict = verdictOf(holds, others.disturb && cpu > 0 && cpu <= target.ms);
    met &&= verdict !== 'MISSED';
    say(`  ${name.padEnd(38)} ${cells(callMs, 0.5, 0.95, 0.99, 1)}   ${cells(cpuMs, 0.99)}   ${verdict}`);
  }
  const runs = Math.min(...[...times.values()].map(({ callMs }) => callMs.length));
  say(`  ${runs} runs of each; others had ${(others.share * 100).toFixed(0)} % of the CPUs\n`);
  return met;
}

/** `busy`: missed while others were on the CPUs, and it would not be going by our own time on them. */
function verdictOf(met: boolean, busy: boolean): 'met' | 'busy' | 'MISSED' {
  if (met) return 'met';
  return busy ? 'busy' : 'MISSED';
}

/** A figure against its target, on a line of its own. @returns false where it is missed */
export function verdict(what: string, figure: string, met: boolean, busy = false): boolean {
  const word = verdictOf(met, busy);
  say(`  ${what.padEnd(46)} ${figure.padStart(28)}   ${word}`);
  return word !== 'MISSED';
}

export interface Spent {
  seconds: number;
  /** The least that it would take if all of it ran at once on CPUs of its own. */
  cpuSeconds: number;
  others: Others;
}

/** A speed against the least that it must be. */
export function speedVerdict(
  what: string,
  count: number,
  { seconds, cpuSeconds, others }: Spent,
  least: number,
): boolean {
  const busy = others.disturb && count / cpuSeconds >= least;
  const beside = `others ${(others.share * 100).toFixed(0)} % of CPUs`;
  const figure = `${(count / seconds).toFixed(0)}/s, ${beside}`;
  return verdict(`${what}, ≥ ${least.toLocaleString('en')}/s`, figure, count / seconds >= least, busy);
}
