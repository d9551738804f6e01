/** A whole niche at once: levels, subscribed providers with balances, and leads to distribute. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import {
  leadId,
  levelId,
  nicheId,
  providerId,
  type LeadId,
  type LevelId,
  type NicheId,
  type ProviderId,
} from '../../contract/ids.ts';
import { cents, formatMoney } from '../../contract/money.ts';
import { postEntry } from '../../src/marketplace/billing/ledger.ts';
import type { Db, Tx } from '../../src/platform/postgres/db.ts';

export interface MarketSpec {
  /** Level `i` has position `i + 1`; prices are cents. */
  levels: { price: number; maxRecipients: number; active?: boolean }[];
  /** Balances are cents; subscriptions name levels by index. */
  providers: { balance: number; active?: boolean; subscriptions: SubscriptionSpec[] }[];
  /** How many approved leads. */
  leads: number;
  /** Default 1. */
  nextStart?: number;
}

export interface SubscriptionSpec {
  level: number;
  /** Served that many seconds after some moment in the past; null (default) for never. */
  servedAt?: number | null;
  /** Null (default) for an active one. */
  deactivated?: 'insufficient_funds' | 'admin' | 'provider' | null;
}

export interface Market {
  nicheId: NicheId;
  levelIds: LevelId[];
  /** In the order of the spec, which is also that of the ids. */
  providerIds: ProviderId[];
  leadIds: LeadId[];
}

const LONG_AGO = Date.parse('2026-01-01T00:00:00Z');

/** Makes a market; two made of one spec differ in nothing but the first part of their ids. */
export function createMarket(db: Db, spec: MarketSpec): Promise<Market> {
  const prefix = randomUUID().slice(0, 8);
  const idOf = (kind: number, index: number): string =>
    `${prefix}-000${kind}-4000-8000-${String(index).padStart(12, '0')}`;
  const market: Market = {
    nicheId: nicheId.parse(idOf(0, 0)),
    levelIds: spec.levels.map((_, i) => levelId.parse(idOf(1, i))),
    providerIds: spec.providers.map((_, i) => providerId.parse(idOf(2, i))),
    leadIds: Array.from({ length: spec.leads }, (_, i) => leadId.parse(idOf(3, i))),
  };
  return db.transaction().execute(async (tx) => {
    await sql`
      INSERT INTO niches (id, slug, name, next_start_level_order_position)
      VALUES (${market.nicheId}, ${`niche-${prefix}`}, 'VPS hosting', ${spec.nextStart ?? 1})`.execute(tx);
    await insertLevels(tx, market, spec);
    await insertProviders(tx, market, spec, idOf);
    await sql`
      INSERT INTO leads (id, niche_id, contact_name, email, phone, status, confirmed_at, decided_at)
      SELECT id, ${market.nicheId}, 'Ada Lovelace', 'ada@example.com', '+493012345678', 'approved', now(), now()
        FROM unnest(${market.leadIds}::uuid[]) AS lead (id)`.execute(tx);
    return market;
  });
}

async function insertLevels(tx: Tx, market: Market, { levels }: MarketSpec): Promise<void> {
  for (const [i, { price, maxRecipients, active = true }] of levels.entries()) {
    await sql`
      INSERT INTO competition_levels (id, niche_id, name, order_position, price_per_lead, max_recipients, is_active)
      VALUES (${market.levelIds[i]}, ${market.nicheId}, ${`Level ${i + 1}`}, ${i + 1},
              ${formatMoney(cents(price))}, ${maxRecipients}, ${active})`.execute(tx);
  }
}

async function insertProviders(
  tx: Tx,
  market: Market,
  { providers }: MarketSpec,
  idOf: (kind: number, index: number) => string,
): Promise<void> {
  const ids = market.providerIds;
  const userIds = ids.map((_, i) => idOf(4, i));
  const emails = userIds.map((id) => `provider-${id}@example.com`);
  await sql`
    INSERT INTO users (id, email, role, password_hash)
    SELECT id, email, 'provider', 'none'
      FROM unnest(${userIds}::uuid[], ${emails}::text[]) AS one (id, email)`.execute(tx);
  await sql`
    INSERT INTO providers (id, user_id, company_name, email, low_balance_threshold, is_active)
    SELECT id, user_id, 'Company', email, 0, is_active
      FROM unnest(${ids}::uuid[], ${userIds}::uuid[], ${emails}::text[],
                  ${providers.map(({ active = true }) => active)}::boolean[])
           AS one (id, user_id, email, is_active)`.execute(tx);
  for (const [i, { balance, subscriptions }] of providers.entries()) {
    const id = ids[i]!;
    if (balance > 0) {
      const actor = { id: null, role: 'system' } as const;
      const amount = cents(balance);
      await postEntry(tx, {
        providerId: id,
        type: 'deposit',
        amount,
        actor,
        correlationId: null,
        at: new Date(),
      });
    }
    for (const { level, servedAt = null, deactivated = null } of subscriptions) {
      const lastReceivedAt = servedAt === null ? null : new Date(LONG_AGO + servedAt * 1_000);
      await sql`
        INSERT INTO provider_subscriptions
          (provider_id, competition_level_id, last_received_at, is_active, deactivation_reason, deactivated_at)
        VALUES (${id}, ${market.levelIds[level]}, ${lastReceivedAt}, ${deactivated === null}, ${deactivated},
                ${deactivated === null ? null : new Date(LONG_AGO)})`.execute(tx);
    }
  }
}

/** Who got a lead, by the market's indexes. */
export interface Served {
  lead: number;
  level: number;
  provider: number;
}

/** All assignments of a market, in the order of their charges. */
export async function servedOf(db: Db, market: Market): Promise<Served[]> {
  const { rows } = await sql<{ lead_id: LeadId; competition_level_id: LevelId; provider_id: ProviderId }>`
    SELECT assignment.lead_id, competition_level_id, assignment.provider_id
      FROM lead_assignments AS assignment
      JOIN provider_ledger AS ledger ON ledger.assignment_id = assignment.id
     WHERE assignment.lead_id = ANY (${market.leadIds}::uuid[])
     ORDER BY ledger.id`.execute(db);
  return rows.map((row) => ({
    lead: market.leadIds.indexOf(row.lead_id),
    level: market.levelIds.indexOf(row.competition_level_id),
    provider: market.providerIds.indexOf(row.provider_id),
  }));
}

/**
 * What may never be, counted over a market: assignments without exactly their charge, balances that are
 * not their ledger's sum or below 0, leads with a provider twice, levels that gave a lead to too many.
 */
export async function violationsOf(db: Db, market: Market): Promise<Record<string, number>> {
  const { rows } = await sql<Record<string, number>>`
    WITH assignment AS (
      SELECT * FROM lead_assignments WHERE lead_id = ANY (${market.leadIds}::uuid[])
    )
    SELECT
      (SELECT count(*)::int FROM assignment
        WHERE (SELECT array_agg(-amount) FROM provider_ledger AS ledger
                WHERE ledger.assignment_id = assignment.id AND ledger.provider_id = assignment.provider_id
                  AND ledger.lead_id = assignment.lead_id AND entry_type = 'lead_purchase')
              IS DISTINCT FROM ARRAY[assignment.price_charged]) AS assignments_without_their_charge,
      (SELECT count(*)::int FROM provider_ledger
        WHERE entry_type = 'lead_purchase' AND provider_id = ANY (${market.providerIds}::uuid[])
          AND assignment_id NOT IN (SELECT id FROM assignment)) AS charges_without_assignment,
      (SELECT count(*)::int FROM providers
        WHERE id = ANY (${market.providerIds}::uuid[])
          AND (balance < 0 OR balance <> (
            SELECT coalesce(sum(amount), 0) FROM provider_ledger WHERE provider_id = providers.id))) AS wrong_balances,
      (SELECT count(*)::int FROM (
         SELECT FROM assignment GROUP BY lead_id, provider_id HAVING count(*) > 1) AS twice) AS assigned_twice,
      (SELECT count(*)::int FROM (
         SELECT FROM assignment JOIN competition_levels AS level ON level.id = competition_level_id
          GROUP BY lead_id, level.id HAVING count(*) > max_recipients) AS over) AS levels_over_their_maximum
  `.execute(db);
  return rows[0] ?? {};
}

export const NO_VIOLATIONS = {
  assignments_without_their_charge: 0,
  charges_without_assignment: 0,
  wrong_balances: 0,
  assigned_twice: 0,
  levels_over_their_maximum: 0,
};
