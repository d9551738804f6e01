/** The SQL of subscriptions. */
import { sql } from 'kysely';
import type { LevelId, ProviderId, SubscriptionId } from '../../../contract/ids.ts';
import { parseMoney, type Cents } from '../../../contract/money.ts';
import type { DeactivationReason } from '../../../contract/providers.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { readPage, type Page, type PageRequest } from '../page.ts';

export interface SubscriptionRow {
  id: SubscriptionId;
  provider_id: ProviderId;
  competition_level_id: LevelId;
  level_name: string;
  niche: string;
  price_per_lead: string;
  is_active: boolean;
  deactivation_reason: DeactivationReason | null;
  deactivated_at: Date | null;
  last_received_at: Date | null;
  created_at: Date;
}

const COLUMNS = sql.raw(
  `s.id, s.provider_id, s.competition_level_id, level.name AS level_name, niches.slug AS niche,
   level.price_per_lead, s.is_active, s.deactivation_reason, s.deactivated_at, s.last_received_at, s.created_at`,
);
const FROM = sql.raw(
  `provider_subscriptions AS s
     JOIN competition_levels AS level ON level.id = s.competition_level_id
     JOIN niches ON niches.id = level.niche_id`,
);

/** A page of a provider's subscriptions, newest first. */
export function listSubscriptions(
  db: Db,
  providerId: ProviderId,
  page: PageRequest,
): Promise<Page<SubscriptionRow>> {
  const where = sql`s.provider_id = ${providerId}`;
  return readPage(
    db,
    { columns: COLUMNS, from: FROM, where, orderBy: sql`s.created_at DESC, s.id DESC` },
    page,
  );
}

/** Null when the provider has no such subscription. */
export async function findSubscription(
  db: Db,
  providerId: ProviderId,
  id: SubscriptionId,
): Promise<SubscriptionRow | null> {
  const { rows } = await sql<SubscriptionRow>`
    SELECT ${COLUMNS} FROM ${FROM} WHERE s.id = ${id} AND s.provider_id = ${providerId}`.execute(db);
  return rows[0] ?? null;
}

/** What a lead of the level costs; null when there is no such level. */
export async function priceOf(db: Db, levelId: LevelId): Promise<Cents | null> {
  const { rows } = await sql<{ price: string }>`
    SELECT price_per_lead AS price FROM competition_levels WHERE id = ${levelId}`.execute(db);
  const [row] = rows;
  return row === undefined ? null : parseMoney(row.price);
}

/** How a provider's subscription to a level stands; null when there is none. */
export async function stateOf(
  tx: Tx,
  providerId: ProviderId,
  levelId: LevelId,
): Promise<{ isActive: boolean; deactivationReason: DeactivationReason | null } | null> {
  const { rows } = await sql<{ isActive: boolean; deactivationReason: DeactivationReason | null }>`
    SELECT is_active AS "isActive", deactivation_reason AS "deactivationReason"
      FROM provider_subscriptions
     WHERE provider_id = ${providerId} AND competition_level_id = ${levelId}`.execute(tx);
  return rows[0] ?? null;
}

export interface SubscriptionState {
  providerId: ProviderId;
  levelId: LevelId;
  /** Null: active. */
  deactivationReason: DeactivationReason | null;
  now: Date;
}

/** Writes a subscription, or brings the one that there is into the given state. */
export async function putSubscription(
  tx: Tx,
  { providerId, levelId, deactivationReason, now }: SubscriptionState,
): Promise<{ id: SubscriptionId; isNew: boolean }> {
  // `xmax` is 0 in a row that was inserted, and names the transaction in one that was updated.
  const { rows } = await sql<{ id: SubscriptionId; isNew: boolean }>`
    INSERT INTO provider_subscriptions
      (provider_id, competition_level_id, is_active, deactivation_reason, deactivated_at, created_at)
    VALUES (${providerId}, ${levelId}, ${deactivationReason === null}, ${deactivationReason},
            ${deactivationReason === null ? null : now}, ${now})
    ON CONFLICT (provider_id, competition_level_id) DO UPDATE
       SET is_active = EXCLUDED.is_active,
           deactivation_reason = EXCLUDED.deactivation_reason,
           deactivated_at = EXCLUDED.deactivated_at
    RETURNING id, (xmax = 0) AS "isNew"`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('The subscription was not written');
  return row;
}

/** Deactivates a subscription by an admin's decision; false when one had done so before. */
export async function markUnsubscribed(tx: Tx, id: SubscriptionId, now: Date): Promise<boolean> {
  const { numAffectedRows } = await sql`
    UPDATE provider_subscriptions
       SET is_active = FALSE, deactivation_reason = 'admin', deactivated_at = ${now}
     WHERE id = ${id} AND deactivation_reason IS DISTINCT FROM 'admin'`.execute(tx);
  return numAffectedRows === 1n;
}
