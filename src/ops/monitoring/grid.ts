/** The points of time of a history: equally far apart, the last at the latest multiple of the step. */
import type { HistoryRange } from '../../../contract/history.ts';

export interface Grid {
  fromMs: number;
  stepMs: number;
  count: number;
  /** What happened is taken together over this time before each point: a step, or where that is short, a minute. */
  windowMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** At most 240 points, and none closer than two scrapes are. */
const GRIDS: Readonly<Record<HistoryRange, { stepMs: number; count: number }>> = {
  '15m': { stepMs: 15_000, count: 60 },
  '1h': { stepMs: 15_000, count: 240 },
  '6h': { stepMs: 90_000, count: 240 },
  '24h': { stepMs: 360_000, count: 240 },
  '7d': { stepMs: 2_520_000, count: 240 },
};

export function gridOf(range: HistoryRange, nowMs: number): Grid {
  return endingAt(nowMs, GRIDS[range]);
}

/** The last hour in steps of a minute. */
export function hourGrid(nowMs: number): Grid {
  return endingAt(nowMs, { stepMs: MINUTE_MS, count: HOUR_MS / MINUTE_MS });
}

function endingAt(nowMs: number, { stepMs, count }: { stepMs: number; count: number }): Grid {
  const lastMs = Math.floor(nowMs / stepMs) * stepMs;
  return { fromMs: lastMs - (count - 1) * stepMs, stepMs, count, windowMs: Math.max(stepMs, MINUTE_MS) };
}

export function timesOf({ fromMs, stepMs, count }: Grid): number[] {
  return Array.from({ length: count }, (_, n) => fromMs + n * stepMs);
}

/** What every history begins with. */
export function headOf({ fromMs, stepMs }: Grid): { step_seconds: number; from: string } {
  return { step_seconds: stepMs / 1_000, from: new Date(fromMs).toISOString() };
}
