/** What every queue is doing right now, read from the engine. */
import type { Engine, EngineJob } from '../../platform/engine/engine.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Metrics } from '../metrics/registry.ts';

export interface QueueState {
  /** Jobs ready to run that no worker has taken, also while the queue is paused. */
  depth: number;
  active: number;
  /** Jobs that wait for their time: delayed, or backing off after a failed attempt. */
  delayed: number;
  /** Age of the job that is next in line, in seconds from when it became ready; 0 when none waits. */
  oldestWaitingSeconds: number;
}

export async function readQueue(engine: Engine, name: string, clock: Clock): Promise<QueueState> {
  const queue = engine.queue(name);
  const [unprioritized, counts, next] = await Promise.all([
    // Counts what is paused, too; the count of the state `waiting` does so on Redis only.
    queue.getCountsPerPriority([0]),
    queue.getJobCounts('prioritized', 'active', 'delayed'),
    engine.nextInLine(name),
  ]);
  const ages = next.map((job) => Math.max(clock.now() - readySince(job), 0) / 1000);
  return {
    depth: (unprioritized['0'] ?? 0) + (counts.prioritized ?? 0),
    active: counts.active ?? 0,
    delayed: counts.delayed ?? 0,
    oldestWaitingSeconds: Math.max(0, ...ages),
  };
}

/** When its delay was over; for a job that was tried before, when it was last tried (its backoff is not kept). */
function readySince(job: EngineJob): number {
  return Math.max(job.timestamp + (job.opts.delay ?? 0), job.processedOn ?? 0);
}

/** Keeps the gauges of depth, running and delayed jobs, age, and whether it is paused. */
export function observeQueues(
  { engine, metrics, clock }: { engine: Engine; metrics: Metrics; clock: Clock },
  queues: readonly string[],
): void {
  metrics.collect(
    'queues',
    [
      'fmhl_queue_depth',
      'fmhl_queue_active',
      'fmhl_queue_delayed',
      'fmhl_queue_oldest_waiting_seconds',
      'fmhl_queue_paused',
    ],
    async () => {
      // All at once over one connection: a round trip, not one per queue.
      const [states, paused] = await Promise.all([
        Promise.all(queues.map((queue) => readQueue(engine, queue, clock))),
        Promise.all(queues.map((queue) => engine.queue(queue).isPaused())),
      ]);
      states.forEach((state, index) => {
        const labels = { queue: queues[index] ?? '' };
        metrics.gauge('fmhl_queue_depth', labels).set(state.depth);
        metrics.gauge('fmhl_queue_active', labels).set(state.active);
        metrics.gauge('fmhl_queue_delayed', labels).set(state.delayed);
        metrics.gauge('fmhl_queue_oldest_waiting_seconds', labels).set(state.oldestWaitingSeconds);
        metrics.gauge('fmhl_queue_paused', labels).set(paused[index] === true ? 1 : 0);
      });
    },
  );
}

/** Keeps the gauge of settings that may lose jobs: they can change while the server runs. */
export function observeEngine({ engine, metrics }: { engine: Engine; metrics: Metrics }): void {
  metrics.collect('engine', ['fmhl_engine_unsafe_settings'], async () => {
    metrics.gauge('fmhl_engine_unsafe_settings').set((await engine.unsafeSettings()) === null ? 0 : 1);
  });
}
