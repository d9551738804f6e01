import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Metrics } from '../metrics/registry.ts';

/**
 * Dead jobs that could not be stored. They stay in the engine, where nothing removes them, and are tried
 * again after 10 s, 20 s, 40 s … at most an hour; meanwhile those behind them are captured.
 */
export interface SetAside {
  add: (queue: string, jobId: string, reason: string) => void;
  /** False while a job is set aside and its next try is not due. */
  isDue: (queue: string, jobId: string) => boolean;
  /** Forgets the jobs of a queue that a whole sweep has not seen. */
  keepOnly: (queue: string, seen: Set<string>) => void;
}

interface Entry {
  tries: number;
  dueAtMs: number;
}

const FIRST_MS = 10_000;
const MOST_MS = 3_600_000;

export function createSetAside(deps: { clock: Clock; metrics: Metrics; logger: Logger }): SetAside {
  const queues = new Map<string, Map<string, Entry>>();
  const of = (queue: string): Map<string, Entry> => {
    const known = queues.get(queue) ?? new Map<string, Entry>();
    queues.set(queue, known);
    return known;
  };
  const show = (queue: string): void => {
    deps.metrics.gauge('fmhl_dlq_set_aside', { queue }).set(of(queue).size);
  };
  return {
    add: (queue, jobId, reason) => {
      const tries = (of(queue).get(jobId)?.tries ?? 0) + 1;
      const dueAtMs = deps.clock.now() + Math.min(FIRST_MS * 2 ** (tries - 1), MOST_MS);
      of(queue).set(jobId, { tries, dueAtMs });
      show(queue);
      deps.logger.error('dead_letter_set_aside', { queue, job_id: jobId, tries, reason });
    },
    isDue: (queue, jobId) => (of(queue).get(jobId)?.dueAtMs ?? 0) <= deps.clock.now(),
    keepOnly: (queue, seen) => {
      for (const jobId of of(queue).keys()) if (!seen.has(jobId)) of(queue).delete(jobId);
      show(queue);
    },
  };
}
