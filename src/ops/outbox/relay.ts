/** Hands the outbox's jobs to the engine. */
import { groupBy } from '../../platform/collections.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import { errorText } from '../../platform/lifecycle/errors.ts';
import { startLoop, type Loop } from '../../platform/lifecycle/loop.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { loopMetrics } from '../metrics/loops.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { Producer } from '../queues/producer.ts';
import {
  backlog,
  lockDue,
  markDelivered,
  postpone,
  removeDelivered,
  reviewDelivered,
  takeBack,
  type OutboxRow,
} from './store.ts';

export interface RelayDeps {
  db: Db;
  engine: Engine;
  producer: Producer;
  metrics: Metrics;
  logger: Logger;
  /** A batch that was read longer ago than this is not handed over any more. Default 20 s. */
  staleAfterMs?: number;
  /** How long a job that was handed over is kept, in case the engine loses it. Default 30 s. */
  keptForMs?: number;
}

const BATCH = 500;
/** Well below the 60 s after which PostgreSQL ends the transaction that holds the rows. */
const STALE_AFTER_MS = 20_000;
/**
 * Longer than any server with persistence or replicas may forget: Redis 2 s with `appendfsync everysec`, a
 * replica its lag. Short of the two minutes that a completed job stays in the engine.
 */
const KEPT_FOR_MS = 30_000;
/** An empty outbox costs four index look-ups and one command to the engine a round. */
const INTERVAL_MS = 200;

export function startRelay(deps: RelayDeps): Loop {
  return startLoop({
    name: 'outbox_relay',
    intervalMs: INTERVAL_MS,
    run: async () => ((await relayBatch(deps)) === BATCH ? 'again' : 'idle'),
    onRound: loopMetrics(deps.metrics, 'outbox_relay'),
    logger: deps.logger,
  });
}

/**
 * Hands over one batch. The rows stay locked until it is noted that they were handed over: a relay that
 * dies in between leaves them for the next, which hands them over again under the same job ids.
 * What an earlier incarnation of the engine got last is handed over again too: it may be lost.
 * @returns how many rows were taken
 * @throws when the engine can't be reached or takes no jobs at all; the rows are then as they were
 */
export async function relayBatch(deps: RelayDeps): Promise<number> {
  const incarnation = await deps.engine.incarnation();
  await reviewHandedOver(incarnation, deps);
  return deps.db.transaction().execute(async (tx) => {
    const rows = await lockDue(tx, BATCH);
    const readAt = performance.now();
    const delivered: OutboxRow[] = [];
    for (const [queue, ofQueue] of groupBy(rows, ({ queueName }) => queueName)) {
      // A process that was stopped for long may no longer hold the rows: another may have handed them over.
      if (performance.now() - readAt > (deps.staleAfterMs ?? STALE_AFTER_MS)) {
        throw new Error('The batch was read too long ago; it is read again');
      }
      delivered.push(...(await deliverQueue(tx, queue, ofQueue, deps)));
    }
    if (delivered.length > 0) {
      // Before and after the same: so it was the one that took the jobs.
      if ((await deps.engine.incarnation()) !== incarnation) {
        throw new Error('The engine was restarted during the hand-over; it is repeated');
      }
      await markDelivered(
        tx,
        delivered.map(({ id }) => id),
        incarnation,
      );
    }
    return rows.length;
  });
}

async function reviewHandedOver(incarnation: string, deps: RelayDeps): Promise<void> {
  const { db, logger, keptForMs = KEPT_FOR_MS } = deps;
  const { toAnother, old } = await reviewDelivered(db, incarnation, keptForMs);
  if (toAnother) {
    const count = await takeBack(db, incarnation, BATCH);
    if (count > 0) logger.warn('outbox_taken_back', { count });
  }
  if (old) await removeDelivered(db, incarnation, keptForMs, BATCH * 2);
}

async function deliverQueue(tx: Tx, queue: string, rows: OutboxRow[], deps: RelayDeps): Promise<OutboxRow[]> {
  try {
    await deps.producer.deliver(
      queue,
      rows.map(({ job }) => job),
    );
    told(queue, rows, deps);
    return rows;
  } catch (error) {
    // Is it the engine, or one of these jobs? A job that the engine refuses must not hold up the others.
    if (deps.engine.takesNothing(error)) throw error;
    await deps.engine.ping();
    if (rows.length > 1) {
      const delivered: OutboxRow[] = [];
      for (const row of rows) delivered.push(...(await deliverQueue(tx, queue, [row], deps)));
      return delivered;
    }
    for (const row of rows) {
      await postpone(tx, row.id, errorText(error));
      deps.metrics.counter('fmhl_outbox_failures_total', { queue }).inc();
      deps.logger
        .withCorrelation(row.correlationId)
        .error(
          'outbox_delivery_failed',
          { queue, job_id: row.job.opts.jobId, attempts: row.attempts + 1 },
          error,
        );
    }
    return [];
  }
}

function told(queue: string, rows: OutboxRow[], { metrics, logger }: RelayDeps): void {
  metrics.counter('fmhl_outbox_delivered_total', { queue }).inc(rows.length);
  if (!logger.isEnabled('debug')) return;
  for (const row of rows) {
    logger
      .withCorrelation(row.correlationId)
      .debug('outbox_delivered', { queue, job_id: row.job.opts.jobId });
  }
}

/** Keeps the outbox's gauges. */
export function observeOutbox({ db, metrics }: { db: Db; metrics: Metrics }): void {
  const depth = metrics.gauge('fmhl_outbox_depth');
  const oldest = metrics.gauge('fmhl_outbox_oldest_seconds');
  const postponed = metrics.gauge('fmhl_outbox_postponed');
  metrics.collect(
    'outbox',
    ['fmhl_outbox_depth', 'fmhl_outbox_oldest_seconds', 'fmhl_outbox_postponed'],
    async () => {
      const now = await backlog(db);
      depth.set(now.depth);
      oldest.set(now.oldestSeconds);
      postponed.set(now.postponed);
    },
  );
}
