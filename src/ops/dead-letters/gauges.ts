import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Metrics } from '../metrics/registry.ts';
import { countExpiring, countUnresolved } from './tallies.ts';

/** What will expire in three days is counted to the hour, from a row a queue and hour of three days. */
const EXPIRING_EVERY_MS = 60_000;

/**
 * Keeps the gauges of dead letters: of every defined queue, and of every other as long as it has some. A queue that is
 * not defined any more would keep its last value for good otherwise, and its alert with it.
 */
export function observeDeadLetters(
  { db, clock, metrics }: { db: Db; clock: Clock; metrics: Metrics },
  queues: readonly string[],
  { expiringEveryMs = EXPIRING_EVERY_MS } = {},
): void {
  metrics.collect('dead_letters', ['fmhl_dlq_size', 'fmhl_dlq_muted_size'], async () => {
    const counts = await countUnresolved(db);
    metrics.clear('fmhl_dlq_size', 'fmhl_dlq_muted_size');
    for (const queue of new Set([...queues, ...counts.keys()])) {
      metrics.gauge('fmhl_dlq_size', { queue }).set(counts.get(queue)?.unresolved ?? 0);
      metrics.gauge('fmhl_dlq_muted_size', { queue }).set(counts.get(queue)?.muted ?? 0);
    }
  });
  metrics.collect(
    'dead_letters_expiring',
    ['fmhl_dlq_expiring'],
    async () => {
      const expiring = await countExpiring(db, new Date(clock.now()));
      metrics.clear('fmhl_dlq_expiring');
      for (const queue of new Set([...queues, ...expiring.keys()])) {
        metrics.gauge('fmhl_dlq_expiring', { queue }).set(expiring.get(queue) ?? 0);
      }
    },
    { everyMs: expiringEveryMs },
  );
}
