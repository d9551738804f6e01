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
  paused: boolean;
  /** Age of the job that is next in line, in seconds from when it became ready; 0 when none waits. */
  oldestWaitingSeconds: number;
}

/** The states of queues, in the order of their names. */
export async function readQueues(
  engine: Engine,
  names: readonly string[],
  clock: Clock,
): Promise<QueueState[]> {
  const states = await engine.queueStates(names);
  const now = clock.now();
  return states.map(({ waiting, active, delayed, paused, readySinceMs }) => ({
    depth: waiting,
    active,
    delayed,
    paused,
    oldestWaitingSeconds: readySinceMs === null ? 0 : Math.max(now - readySinceMs, 0) / 1000,
  }));
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
      const states = await readQueues(engine, queues, clock);
      states.forEach((state, index) => {
        const labels = { queue: queues[index] ?? '' };
        metrics.gauge('fmhl_queue_depth', labels).set(state.depth);
        metrics.gauge('fmhl_queue_active', labels).set(state.active);
        metrics.gauge('fmhl_queue_delayed', labels).set(state.delayed);
        metrics.gauge('fmhl_queue_oldest_waiting_seconds', labels).set(state.oldestWaitingSeconds);
        metrics.gauge('fmhl_queue_paused', labels).set(state.paused ? 1 : 0);
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
