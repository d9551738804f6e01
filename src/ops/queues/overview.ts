/** What every queue is doing right now, read from the engine. */
import type { Engine } from '../../platform/engine/engine.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Metrics } from '../metrics/registry.ts';

export interface QueueState {
  /** Jobs ready to run that no worker has taken, also while the queue is paused. */
  depth: number;
  active: number;
  /** Jobs that wait for their time: delayed, or backing off after a failed attempt. */
  delayed: number;
  /** Age of the oldest waiting job in seconds, from when it became ready; 0 when none waits. */
  oldestWaitingSeconds: number;
}

export async function readQueue(engine: Engine, name: string, clock: Clock): Promise<QueueState> {
  const queue = engine.queue(name);
  const [counts, oldest] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed'),
    queue.getJobs(['waiting', 'prioritized'], 0, 0, true),
  ]);
  const readyAt = oldest.map((job) => job.timestamp + (job.opts.delay ?? 0));
  const ages = readyAt.map((at) => Math.max(clock.now() - at, 0) / 1000);
  return {
    depth: (counts.waiting ?? 0) + (counts.prioritized ?? 0),
    active: counts.active ?? 0,
    delayed: counts.delayed ?? 0,
    oldestWaitingSeconds: Math.max(0, ...ages),
  };
}

/** Keeps the gauges of depth, running and delayed jobs, and age. */
export function observeQueues(
  { engine, metrics, clock }: { engine: Engine; metrics: Metrics; clock: Clock },
  queues: readonly string[],
): void {
  metrics.collect(
    'queues',
    ['fmhl_queue_depth', 'fmhl_queue_active', 'fmhl_queue_delayed', 'fmhl_queue_oldest_waiting_seconds'],
    async () => {
      // All at once over one connection: a round trip, not one per queue.
      const states = await Promise.all(queues.map((queue) => readQueue(engine, queue, clock)));
      states.forEach((state, index) => {
        const labels = { queue: queues[index] ?? '' };
        metrics.gauge('fmhl_queue_depth', labels).set(state.depth);
        metrics.gauge('fmhl_queue_active', labels).set(state.active);
        metrics.gauge('fmhl_queue_delayed', labels).set(state.delayed);
        metrics.gauge('fmhl_queue_oldest_waiting_seconds', labels).set(state.oldestWaitingSeconds);
      });
    },
  );
}
