/** Compares every cached balance with its ledger (Epic 12, "Scheduled operations"). */
import { sql } from 'kysely';
import type { ProviderId } from '../../../contract/ids.ts';
import type { Metrics } from '../../ops/metrics/registry.ts';
import type { ScheduledTask } from '../../ops/queues/scheduled.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import type { EmailQueue } from '../email/queue.ts';
import { afterBalanceChange } from './after-change.ts';
import { createBillingMetrics, timed } from './operation.ts';
import { lockBalance } from './store.ts';

/** Providers compared by one statement: with 10,000 ledger entries each, a million index entries. */
const BATCH = 100;

export interface ReconcileDeps {
  db: Db;
  clock: Clock;
  metrics: Metrics;
  /** `email_send`, with the configuration's overrides applied. */
  emailQueue: EmailQueue;
}

export interface Reconciled {
  providers: number;
  /** Off by 0.01, and now equal to the ledger's sum. */
  corrected: number;
  /** Off and left so: a person must look. */
  off: number;
  /** Of those, off by more than 1.00: the alert. */
  over_one: number;
}

/**
 * Compares all providers, in batches. What is off by 0.01 is set to the ledger's sum, under the lock of the
 * balance; what is off by more is logged and kept in `balance_discrepancies`. The ledger is never touched. A
 * discrepancy is counted when it is first found, however often it is found again.
 */
export async function reconcileBalances(
  deps: ReconcileDeps & { logger: Logger },
  signal: AbortSignal,
): Promise<Reconciled> {
  const total: Reconciled = { providers: 0, corrected: 0, off: 0, over_one: 0 };
  let after: ProviderId | null = null;
  do {
    signal.throwIfAborted();
    const batch = await compare(deps.db, after);
    const corrected = await correct(
      deps,
      batch.filter(({ by_a_cent }) => by_a_cent).map(({ id }) => id),
    );
    const left = await remember(deps, batch);
    total.providers += batch.length;
    total.corrected += corrected;
    total.off += left.length;
    total.over_one += left.filter(({ over_one }) => over_one).length;
    after = batch.length < BATCH ? null : (batch.at(-1)?.id ?? null);
  } while (after !== null);
  deps.logger.info('balances_reconciled', { ...total });
  return total;
}

/** The reconciliation as a task of the clock: every night at 03:00 UTC. */
export function balanceReconciliation(deps: ReconcileDeps): ScheduledTask {
  return {
    name: 'balance_reconciliation',
    cron: '0 3 * * *',
    run: async (job) => {
      await reconcileBalances({ ...deps, logger: job.logger }, job.signal);
    },
  };
}

/** Keeps the gauges of what the last reconciliation left. */
export function observeBalances({ db, metrics }: { db: Db; metrics: Metrics }): void {
  const off = metrics.gauge('fmhl_balances_off');
  const overOne = metrics.gauge('fmhl_balances_off_over_one');
  metrics.collect('balances', ['fmhl_balances_off', 'fmhl_balances_off_over_one'], async () => {
    const { rows } = await sql<{ off: string; over_one: string }>`
      SELECT count(*) AS off, count(*) FILTER (WHERE abs(cached - ledger) > 1.00) AS over_one
        FROM balance_discrepancies`.execute(db);
    off.set(Number(rows[0]?.off ?? 0));
    overOne.set(Number(rows[0]?.over_one ?? 0));
  });
}

interface Compared {
  id: ProviderId;
  is_off: boolean;
  by_a_cent: boolean;
}

/** One statement, so that each balance and its ledger belong to the same moment. */
async function compare(db: Db, after: ProviderId | null): Promise<Compared[]> {
  const { rows } = await sql<Compared>`
    SELECT id, balance <> ledger AS is_off, abs(balance - ledger) = 0.01 AS by_a_cent
      FROM (SELECT id, balance FROM providers
             WHERE ${after === null ? sql`TRUE` : sql`id > ${after}`}
             ORDER BY id LIMIT ${BATCH}) AS provider,
           LATERAL (SELECT coalesce(sum(amount), 0) AS ledger FROM provider_ledger
                     WHERE provider_id = provider.id) AS entries
     ORDER BY id`.execute(db);
  return rows;
}

/** @returns how many were corrected */
async function correct(
  { db, clock, metrics, emailQueue, logger }: ReconcileDeps & { logger: Logger },
  ids: ProviderId[],
): Promise<number> {
  const billing = createBillingMetrics(metrics);
  let corrected = 0;
  for (const id of ids) {
    const isDone = await timed(billing, () =>
      db.transaction().execute(async (tx) => {
        await lockBalance(tx, id);
        if (!(await setToLedger(tx, id))) return false;
        await afterBalanceChange(tx, id, { emailQueue, correlationId: null, now: new Date(clock.now()) });
        return true;
      }),
    );
    if (!isDone) continue;
    corrected += 1;
    metrics.counter('fmhl_balance_discrepancies_total').inc();
    metrics.counter('fmhl_balance_corrections_total').inc();
    logger.warn('balance_corrected', { provider_id: id });
  }
  return corrected;
}

/**
 * Sets a balance that is off by 0.01 to its ledger's sum, if a balance can be that. The caller holds the
 * balance's lock, so no entry is being written; one written since the comparison is in both.
 */
async function setToLedger(tx: Tx, id: ProviderId): Promise<boolean> {
  const { numAffectedRows } = await sql`
    UPDATE providers SET balance = ledger
      FROM (SELECT coalesce(sum(amount), 0) AS ledger FROM provider_ledger WHERE provider_id = ${id}) AS entries
     WHERE id = ${id} AND abs(balance - ledger) = 0.01 AND ledger BETWEEN 0 AND 99999999.99`.execute(tx);
  return numAffectedRows === 1n;
}

/** Writes down which of the compared are off now, and forgets those that are not. */
async function remember(
  { db, clock, metrics, logger }: ReconcileDeps & { logger: Logger },
  batch: Compared[],
): Promise<{ provider_id: ProviderId; over_one: boolean }[]> {
  const suspects = batch.filter(({ is_off }) => is_off).map(({ id }) => id);
  const now = new Date(clock.now());
  // A row that was inserted has no xmax; one that was updated has this transaction's.
  const { rows } = await sql<{ provider_id: ProviderId; over_one: boolean; is_new: boolean }>`
    INSERT INTO balance_discrepancies AS known (provider_id, cached, ledger, found_at, checked_at)
    SELECT id, balance, ledger, ${now}, ${now}
      FROM providers,
           LATERAL (SELECT coalesce(sum(amount), 0) AS ledger FROM provider_ledger
                     WHERE provider_id = providers.id) AS entries
     WHERE id = ANY(${suspects}::uuid[]) AND balance <> ledger
    ON CONFLICT (provider_id) DO UPDATE
       SET cached = excluded.cached, ledger = excluded.ledger, checked_at = excluded.checked_at
    RETURNING provider_id, abs(cached - ledger) > 1.00 AS over_one, xmax = 0 AS is_new`.execute(db);
  for (const { provider_id, over_one, is_new } of rows) {
    if (is_new) metrics.counter('fmhl_balance_discrepancies_total').inc();
    // Without the amounts: money does not go into a log.
    logger[over_one ? 'error' : 'warn']('balance_discrepancy', { provider_id, over_one, is_new });
  }
  const compared = batch.map(({ id }) => id);
  const off = rows.map((row) => row.provider_id);
  await sql`
    DELETE FROM balance_discrepancies
     WHERE provider_id = ANY(${compared}::uuid[]) AND NOT provider_id = ANY(${off}::uuid[])`.execute(db);
  return rows;
}
