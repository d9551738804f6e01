/** Histories of queues from the samples of this process. */
import type { QueueHistory, QueuesHistory } from '../../../contract/history.ts';
import { DURATION_BUCKETS_MS } from '../../../contract/metrics.ts';
import { timesOf, type Grid } from './grid.ts';
import { SAMPLE_EVERY_MS, type QueueSample, type Sample } from './samples.ts';

/** Dead jobs by the start of the minute in which they died, in milliseconds; none where there were none. */
export type FailuresByMinute = ReadonlyMap<number, number>;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export function queueFromProcess(
  samples: readonly Sample[],
  failures: FailuresByMinute,
  { queue, grid, nowMs }: { queue: string; grid: Grid; nowMs: number },
): QueueHistory['points'] {
  return timesOf(grid).map((atMs) => {
    const seen = within(samples, queue, atMs, Math.max(grid.stepMs, 2 * SAMPLE_EVERY_MS));
    const change = changeAt(samples, queue, atMs, grid.windowMs);
    return {
      at: new Date(atMs).toISOString(),
      depth: highest(seen.map(({ depth }) => depth)),
      active: highest(seen.map(({ active }) => active)),
      rate: change?.rate ?? null,
      failures: atMs <= nowMs - HOUR_MS ? null : failuresAt(failures, atMs, grid.windowMs),
      p50: quantile(change, 0.5),
      p95: quantile(change, 0.95),
      p99: quantile(change, 0.99),
    };
  });
}

export function queuesFromProcess(
  samples: readonly Sample[],
  queues: readonly string[],
  grid: Grid,
): QueuesHistory['queues'] {
  return queues.map((name) => ({
    name,
    points: timesOf(grid).map((atMs) => {
      const change = changeAt(samples, name, atMs, grid.windowMs);
      const at = new Date(atMs).toISOString();
      return { at, rate: change?.rate ?? null, p95: quantile(change, 0.95) };
    }),
  }));
}

/** Whether the process runs jobs of the queue, as of its last sample. */
export function isServed(samples: readonly Sample[], queue: string): boolean {
  return samples.at(-1)?.queues.get(queue)?.serves ?? false;
}

interface At extends QueueSample {
  atMs: number;
}

function within(samples: readonly Sample[], queue: string, atMs: number, windowMs: number): At[] {
  return samples.flatMap((sample) => {
    const of = sample.queues.get(queue);
    const isIn = sample.atMs > atMs - windowMs && sample.atMs <= atMs;
    return isIn && of !== undefined ? [{ ...of, atMs: sample.atMs }] : [];
  });
}

interface Change {
  /** Jobs completed a second. */
  rate: number;
  /** Attempts that took at most so long, for each bound and all together. */
  durations: number[];
}

/** Null where the process ran no jobs of the queue, or has fewer than two samples. */
function changeAt(samples: readonly Sample[], queue: string, atMs: number, windowMs: number): Change | null {
  // A sample more than the window is long: the first is where counting begins.
  const seen = within(samples, queue, atMs, windowMs + SAMPLE_EVERY_MS).filter(({ serves }) => serves);
  const [first, last] = [seen[0], seen.at(-1)];
  if (first === undefined || last === undefined || first === last) return null;
  return {
    rate: ((last.completed - first.completed) * 1_000) / (last.atMs - first.atMs),
    durations: Array.from(last.durations, (count, n) => count - (first.durations[n] ?? 0)),
  };
}

/** In seconds, as Prometheus works it out: evenly spread within a bucket. Null where there was no attempt. */
function quantile(change: Change | null, q: number): number | null {
  const total = change?.durations.at(-1) ?? 0;
  if (change === null || total === 0) return null;
  const wanted = q * total;
  const bucket = change.durations.findIndex((count) => count >= wanted);
  const upper = DURATION_BUCKETS_MS[bucket];
  // Beyond the last bound nobody knows how far.
  if (upper === undefined) return (DURATION_BUCKETS_MS.at(-1) ?? 0) / 1_000;
  const lower = DURATION_BUCKETS_MS[bucket - 1] ?? 0;
  const below = change.durations[bucket - 1] ?? 0;
  const share = (wanted - below) / ((change.durations[bucket] ?? 0) - below);
  return (lower + (upper - lower) * share) / 1_000;
}

/** A second, over the whole minutes that had ended by then. */
function failuresAt(failures: FailuresByMinute, atMs: number, windowMs: number): number {
  const endMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  let count = 0;
  for (let minute = endMs - windowMs; minute < endMs; minute += MINUTE_MS) {
    count += failures.get(Math.floor(minute / MINUTE_MS) * MINUTE_MS) ?? 0;
  }
  return (count * 1_000) / (Math.ceil(windowMs / MINUTE_MS) * MINUTE_MS);
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
