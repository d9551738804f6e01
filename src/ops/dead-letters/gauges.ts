import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Metrics } from '../metrics/registry.ts';
import { countByQueue } from './store.ts';

/** Keeps `fmhl_dlq_size`: of every defined queue, and of every other that has dead letters. */
export function observeDeadLetters(
  { db, clock, metrics }: { db: Db; clock: Clock; metrics: Metrics },
  queues: readonly string[],
): void {
  metrics.collect('dead_letters', ['fmhl_dlq_size'], async () => {
    const counts = await countByQueue(db, new Date(clock.now()));
    for (const queue of new Set([...queues, ...counts.keys()])) {
      metrics.gauge('fmhl_dlq_size', { queue }).set(counts.get(queue)?.unresolved ?? 0);
    }
  });
}
