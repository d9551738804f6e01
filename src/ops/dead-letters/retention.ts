import { groupBy } from '../../platform/collections.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Metrics } from '../metrics/registry.ts';
import { deleteOlderThan } from './store.ts';

/** Epic 12: "Retention: 30 days via scheduled cleanup job." */
const RETENTION_MS = 30 * 24 * 3_600_000;
const BATCH = 1_000;

/**
 * Removes entries that failed more than 30 days ago, in batches, each a transaction of its own.
 * @returns how many were removed
 */
export async function removeExpired(
  { db, clock, metrics, logger }: { db: Db; clock: Clock; metrics: Metrics; logger: Logger },
  signal: AbortSignal,
): Promise<number> {
  const before = new Date(clock.now() - RETENTION_MS);
  let removed = 0;
  while (!signal.aborted) {
    const queues = await deleteOlderThan(db, before, BATCH);
    for (const [queue, entries] of groupBy(queues, (name) => name)) {
      metrics.counter('fmhl_dlq_expired_total', { queue }).inc(entries.length);
    }
    removed += queues.length;
    if (queues.length < BATCH) break;
  }
  if (removed > 0) logger.info('dead_letters_expired', { removed, before: before.toISOString() });
  return removed;
}
