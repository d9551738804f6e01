import { sql } from 'kysely';
import type { ProviderId } from '../../../contract/ids.ts';
import type { ScheduledTask } from '../../ops/queues/scheduled.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { lockBalance, reactivateAffordable } from './store.ts';

const BATCH = 100;

/**
 * Reactivates the subscriptions that were deactivated for lack of funds and that their provider's balance
 * can pay again. Every change of a balance does this already; what is left are those that something else
 * made affordable, such as a lower price of the level.
 * @returns for how many providers
 */
export async function reactivateSubscriptions(
  { db, logger }: { db: Db; logger: Logger },
  signal: AbortSignal,
): Promise<number> {
  let providers = 0;
  let after: ProviderId | null = null;
  do {
    signal.throwIfAborted();
    const batch = await ableToPay(db, after);
    for (const id of batch) {
      // A transaction each: no provider's balance is held while another's turn is.
      await db.transaction().execute(async (tx) => {
        await lockBalance(tx, id);
        await reactivateAffordable(tx, id);
      });
    }
    providers += batch.length;
    after = batch.length < BATCH ? null : (batch.at(-1) ?? null);
  } while (after !== null);
  if (providers > 0) logger.info('subscriptions_reactivated', { providers });
  return providers;
}

/** The reactivation as a task of the clock: every 5 minutes. */
export function subscriptionReactivation({ db }: { db: Db }): ScheduledTask {
  return {
    name: 'subscription_reactivation',
    cron: '*/5 * * * *',
    run: async (job) => {
      await reactivateSubscriptions({ db, logger: job.logger }, job.signal);
    },
  };
}

async function ableToPay(db: Db, after: ProviderId | null): Promise<ProviderId[]> {
  const { rows } = await sql<{ id: ProviderId }>`
    SELECT DISTINCT provider.id
      FROM provider_subscriptions AS subscription
      JOIN competition_levels AS level ON level.id = subscription.competition_level_id
      JOIN providers AS provider ON provider.id = subscription.provider_id
     WHERE subscription.deactivation_reason = 'insufficient_funds'
       AND level.price_per_lead <= provider.balance
       AND ${after === null ? sql`TRUE` : sql`provider.id > ${after}`}
     ORDER BY provider.id LIMIT ${BATCH}`.execute(db);
  return rows.map(({ id }) => id);
}
