/** The SQL of balances, the ledger, and what a change of a balance does to subscriptions. */
import { sql } from 'kysely';
import { formatMoney, parseMoney, type Cents } from '../../../contract/money.ts';
import type { ProviderId } from '../../../contract/ids.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import type { LedgerEntry } from './entry.ts';

/**
 * Reads a balance and holds it until the transaction ends; null when there is no such provider.
 * `NO KEY` is the lock that the update of a balance takes anyway: with a plain `FOR UPDATE`, two
 * transactions that have inserted rows referring to the provider would wait for each other for ever.
 */
export async function lockBalance(tx: Tx, providerId: ProviderId): Promise<Cents | null> {
  const { rows } = await sql<{ balance: string }>`
    SELECT balance FROM providers WHERE id = ${providerId} FOR NO KEY UPDATE`.execute(tx);
  const [row] = rows;
  return row === undefined ? null : parseMoney(row.balance);
}

/**
 * Writes a ledger row and the balance that it leads to, in one statement. The caller holds the balance's lock.
 * @returns the ledger row's id
 */
export async function writeEntry(tx: Tx, entry: LedgerEntry, balanceAfter: Cents): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    WITH entry AS (
      INSERT INTO provider_ledger
        (provider_id, entry_type, amount, balance_after, actor_id, actor_role, lead_id, assignment_id, memo,
         idempotency_key, correlation_id, created_at)
      VALUES
        (${entry.providerId}, ${entry.type}, ${formatMoney(entry.amount)}, ${formatMoney(balanceAfter)},
         ${entry.actor.id}, ${entry.actor.role}, ${entry.leadId ?? null}, ${entry.assignmentId ?? null},
         ${entry.memo ?? null}, ${entry.idempotencyKey ?? null}, ${entry.correlationId}, ${entry.at})
      RETURNING id, provider_id, balance_after
    )
    UPDATE providers SET balance = entry.balance_after
      FROM entry
     WHERE providers.id = entry.provider_id
    RETURNING entry.id`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('There is no such provider');
  return row.id;
}

/** Deactivates the provider's subscriptions whose level costs more than the balance. */
export async function deactivateUnaffordable(tx: Tx, providerId: ProviderId, now: Date): Promise<void> {
  await sql`
    UPDATE provider_subscriptions AS subscription
       SET is_active = FALSE, deactivation_reason = 'insufficient_funds', deactivated_at = ${now}
      FROM competition_levels AS level, providers AS provider
     WHERE subscription.provider_id = ${providerId}
       AND subscription.is_active
       AND provider.id = subscription.provider_id
       AND level.id = subscription.competition_level_id
       AND level.price_per_lead > provider.balance`.execute(tx);
}

/** Reactivates the provider's subscriptions that only lacked the money that is there now. */
export async function reactivateAffordable(tx: Tx, providerId: ProviderId): Promise<void> {
  await sql`
    UPDATE provider_subscriptions AS subscription
       SET is_active = TRUE, deactivation_reason = NULL, deactivated_at = NULL
      FROM competition_levels AS level, providers AS provider
     WHERE subscription.provider_id = ${providerId}
       AND subscription.deactivation_reason = 'insufficient_funds'
       AND provider.id = subscription.provider_id
       AND level.id = subscription.competition_level_id
       AND level.price_per_lead <= provider.balance`.execute(tx);
}

export interface LowBalanceAlert {
  email: string;
  companyName: string;
  balance: Cents;
  threshold: Cents;
}

/**
 * Notes on which side of its threshold the balance is: at or below it the alert counts as sent from now on,
 * above it the next alert is ready.
 * @returns what to tell the provider when it has just come down to the threshold; else null
 */
export async function noteLowBalance(
  tx: Tx,
  providerId: ProviderId,
  now: Date,
): Promise<LowBalanceAlert | null> {
  const { rows } = await sql<{
    email: string;
    company_name: string;
    balance: string;
    threshold: string;
    is_low: boolean;
  }>`
    UPDATE providers
       SET low_balance_alerted_at = CASE WHEN balance <= low_balance_threshold THEN ${now}::timestamptz END
     WHERE id = ${providerId} AND (balance <= low_balance_threshold) = (low_balance_alerted_at IS NULL)
    RETURNING email, company_name, balance, low_balance_threshold AS threshold,
              balance <= low_balance_threshold AS is_low`.execute(tx);
  const [row] = rows;
  if (row === undefined || !row.is_low) return null;
  return {
    email: row.email,
    companyName: row.company_name,
    balance: parseMoney(row.balance),
    threshold: parseMoney(row.threshold),
  };
}
