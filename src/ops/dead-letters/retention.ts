import { groupBy } from '../../platform/collections.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Metrics } from '../metrics/registry.ts';
import { RETENTION_MS } from './filter.ts';
import {
  deleteEmptyGroups,
  deleteEntries,
  deleteOperation,
  deleteOperationEntries,
} from './retention-store.ts';
import { createSettler, removeEmptyTallies } from './tallies.ts';

export interface RetentionDeps {
  db: Db;
  clock: Clock;
  metrics: Metrics;
  logger: Logger;
}

const BATCH = 1_000;

/**
 * Removes entries that failed more than 30 days ago, and what belonged to them alone: their retries and notes,
 * groups that have no entry left, operations that ended before. In batches, each a statement of its own.
 * @returns how many entries were removed
 */
export async function removeExpired(deps: RetentionDeps, signal: AbortSignal): Promise<number> {
  const { db, clock, logger } = deps;
  const before = new Date(clock.now() - RETENTION_MS);
  const removed =
    (await removeEntries('unresolved', before, deps, signal)) +
    (await removeEntries('resolved', before, deps, signal));
  await removeOperations(db, before, signal);
  while (!signal.aborted) if ((await deleteEmptyGroups(db, before, BATCH)) < BATCH) break;
  await removeEmptyTallies(db);
  if (removed > 0) logger.info('dead_letters_expired', { removed, before: before.toISOString() });
  return removed;
}

async function removeEntries(
  state: 'unresolved' | 'resolved',
  before: Date,
  { db, metrics }: RetentionDeps,
  signal: AbortSignal,
): Promise<number> {
  // Each batch makes changes to a thousand counts: left to the loop that settles them, they would pile up.
  const settle = createSettler(db);
  let removed = 0;
  while (!signal.aborted) {
    const queues = await deleteEntries(db, state, before, BATCH);
    for (const [queue, entries] of groupBy(queues, (name) => name)) {
      metrics.counter('fmhl_dlq_expired_total', { queue }).inc(entries.length);
    }
    removed += queues.length;
    if (queues.length < BATCH) break;
    await settle();
  }
  return removed;
}

/** The outcomes first, in batches: an operation can have a million. */
async function removeOperations(db: Db, before: Date, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if ((await deleteOperationEntries(db, before, BATCH)) === BATCH) continue;
    if (!(await deleteOperation(db, before))) return;
  }
}
