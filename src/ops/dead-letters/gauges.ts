import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Metrics } from '../metrics/registry.ts';
import { countByQueue, countExpiring } from './tallies.ts';

/** Keeps the gauges of dead letters: of every defined queue, and of every other that has some. */
export function observeDeadLetters(
  { db, clock, metrics }: { db: Db; clock: Clock; metrics: Metrics },
  queues: readonly string[],
): void {
  const gauges = ['fmhl_dlq_size', 'fmhl_dlq_muted_size', 'fmhl_dlq_expiring'] as const;
  metrics.collect('dead_letters', [...gauges], async () => {
    const now = new Date(clock.now());
    const [counts, expiring] = await Promise.all([countByQueue(db, now), countExpiring(db, now)]);
    for (const queue of new Set([...queues, ...counts.keys(), ...expiring.keys()])) {
      metrics.gauge('fmhl_dlq_size', { queue }).set(counts.get(queue)?.unresolved ?? 0);
      metrics.gauge('fmhl_dlq_muted_size', { queue }).set(counts.get(queue)?.muted ?? 0);
      metrics.gauge('fmhl_dlq_expiring', { queue }).set(expiring.get(queue) ?? 0);
    }
  });
}
