/** Histories of queues: from Prometheus, or where it is not configured or not there, from this process. */
import type { HistoryRange, QueueHistory, QueuesHistory } from '../../../contract/history.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import { NotReadError, type MonitoringServer } from './ask.ts';
import { isServed, queueFromProcess, queuesFromProcess, type FailuresByMinute } from './from-process.ts';
import { queueFromPrometheus, queuesFromPrometheus } from './from-prometheus.ts';
import { gridOf, headOf, hourGrid } from './grid.ts';
import type { Samples } from './samples.ts';

export interface HistoryDeps {
  /** Null where there is none. */
  prometheusUrl: string | null;
  samples: Samples;
  clock: Clock;
  /** Names of all defined queues. */
  queues: readonly string[];
  /** Dead jobs of a queue in the last hour. */
  failuresOf: (queue: string) => Promise<FailuresByMinute>;
}

export async function readQueueHistory(
  queue: string,
  range: HistoryRange,
  deps: HistoryDeps,
): Promise<QueueHistory> {
  const nowMs = deps.clock.now();
  const grid = gridOf(range, nowMs);
  const head = headOf(grid);
  const asked = await fromPrometheus(deps, (server) => queueFromPrometheus(server, queue, grid));
  if (asked.answer !== null) return { source: 'prometheus', problem: null, ...head, points: asked.answer };
  const samples = deps.samples.all();
  const points = queueFromProcess(samples, await deps.failuresOf(queue), { queue, grid, nowMs });
  const problems = [
    asked.problem ?? (asked.configured ? 'Prometheus has nothing of this queue.' : null),
    range === '15m' || range === '1h' ? null : ONE_HOUR,
    isServed(samples, queue)
      ? null
      : 'This process runs no jobs of the queue: rate and durations are not known.',
  ].filter((problem) => problem !== null);
  return { source: 'process', problem: problems.join(' ') || null, ...head, points };
}

const ONE_HOUR = 'Without Prometheus only the last hour is known.';

export async function readQueuesHistory(deps: HistoryDeps): Promise<QueuesHistory> {
  const { queues, samples, clock } = deps;
  const grid = hourGrid(clock.now());
  const head = headOf(grid);
  const asked = await fromPrometheus(deps, (server) => queuesFromPrometheus(server, queues, grid));
  if (asked.answer !== null) return { source: 'prometheus', problem: null, ...head, queues: asked.answer };
  const unserved = queues.filter((queue) => !isServed(samples.all(), queue));
  const problems = [
    asked.problem,
    unserved.length === 0 ? null : `This process runs no jobs of ${unserved.join(', ')}.`,
  ].filter((problem) => problem !== null);
  return {
    source: 'process',
    problem: problems.join(' ') || null,
    ...head,
    queues: queuesFromProcess(samples.all(), queues, grid),
  };
}

interface Asked<T> {
  configured: boolean;
  problem: string | null;
  answer: T | null;
}

async function fromPrometheus<T>(
  { prometheusUrl: url }: HistoryDeps,
  read: (server: MonitoringServer) => Promise<T | null>,
): Promise<Asked<T>> {
  if (url === null) return { configured: false, problem: null, answer: null };
  try {
    return { configured: true, problem: null, answer: await read({ name: 'Prometheus', url }) };
  } catch (error) {
    if (!(error instanceof NotReadError)) throw error;
    return { configured: true, problem: error.message, answer: null };
  }
}
