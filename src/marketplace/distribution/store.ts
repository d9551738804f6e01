/** The SQL of distributing a lead. */
import { sql } from 'kysely';
import type {
  AssignmentId,
  LeadId,
  LevelId,
  NicheId,
  ProviderId,
  SubscriptionId,
} from '../../../contract/ids.ts';
import type { LeadStatus } from '../../../contract/leads.ts';
import { formatMoney, parseMoney, type Cents } from '../../../contract/money.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';

export interface LeadOfNiche {
  status: LeadStatus;
  nicheId: NicheId;
  /** As people read it: `VPS hosting`. */
  nicheName: string;
  /** Where the niche's next lead starts. */
  nextStart: number;
}

/** Reads a lead and its niche, and holds the niche until the transaction ends; null when there is no such lead. */
export async function lockNicheOf(tx: Tx, leadId: LeadId): Promise<LeadOfNiche | null> {
  // NO KEY, as any update takes it: leads that are coming in refer to the niche and need not wait.
  const { rows } = await sql<{
    status: LeadStatus;
    niche_id: NicheId;
    niche_name: string;
    next_start: number;
  }>`
    SELECT leads.status, niches.id AS niche_id, niches.name AS niche_name,
           niches.next_start_level_order_position AS next_start
      FROM leads JOIN niches ON niches.id = leads.niche_id
     WHERE leads.id = ${leadId}
       FOR NO KEY UPDATE OF niches`.execute(tx);
  const [row] = rows;
  if (row === undefined) return null;
  return { status: row.status, nicheId: row.niche_id, nicheName: row.niche_name, nextStart: row.next_start };
}

export interface Level {
  id: LevelId;
  orderPosition: number;
  /** Most assignments of one lead. */
  maxRecipients: number;
}

const MAX_LEVELS = 1_000;

/** The niche's active levels in order of position. */
export async function activeLevels(tx: Tx, nicheId: NicheId): Promise<Level[]> {
  const { rows } = await sql<{ id: LevelId; order_position: number; max_recipients: number }>`
    SELECT id, order_position, max_recipients
      FROM competition_levels
     WHERE niche_id = ${nicheId} AND is_active
     ORDER BY order_position
     LIMIT ${MAX_LEVELS}`.execute(tx);
  return rows.map((row) => ({
    id: row.id,
    orderPosition: row.order_position,
    maxRecipients: row.max_recipients,
  }));
}

export async function advanceNiche(tx: Tx, nicheId: NicheId, nextStart: number): Promise<void> {
  await sql`
    UPDATE niches SET next_start_level_order_position = ${nextStart} WHERE id = ${nicheId}`.execute(tx);
}

/** Where an earlier run of the lead's distribution started; null when none found a level to start at. */
export async function findStart(tx: Tx, leadId: LeadId): Promise<number | null> {
  const { rows } = await sql<{ start_position: number | null }>`
    SELECT start_position FROM lead_distributions WHERE lead_id = ${leadId}`.execute(tx);
  return rows[0]?.start_position ?? null;
}

/** Notes that a run begins. */
export async function noteRun(tx: Tx, leadId: LeadId, start: number | null, now: Date): Promise<void> {
  await sql`
    INSERT INTO lead_distributions (lead_id, start_position, started_at) VALUES (${leadId}, ${start}, ${now})
    ON CONFLICT (lead_id) DO UPDATE
      SET start_position = excluded.start_position, runs = lead_distributions.runs + 1, completed_at = NULL`.execute(
    tx,
  );
}

/** Notes that a run went through all levels. */
export async function noteCompletion(
  db: Db,
  leadId: LeadId,
  { at, billingFailures }: { at: Date; billingFailures: number },
): Promise<void> {
  await sql`
    UPDATE lead_distributions SET completed_at = ${at}, billing_failures = ${billingFailures}
     WHERE lead_id = ${leadId}`.execute(db);
}

export interface Candidate {
  subscriptionId: SubscriptionId;
  providerId: ProviderId;
}

/** How many more assignments of the lead the level takes. */
export async function placesLeft(db: Db, leadId: LeadId, level: Level): Promise<number> {
  const { rows } = await sql<{ taken: number }>`
    SELECT count(*)::int AS taken FROM lead_assignments
     WHERE lead_id = ${leadId} AND competition_level_id = ${level.id}`.execute(db);
  return Math.max(level.maxRecipients - (rows[0]?.taken ?? 0), 0);
}

/** The level's next providers, least recently served first, without those that have the lead or were tried. */
export async function nextCandidates(
  db: Db,
  { leadId, levelId, tried, limit }: { leadId: LeadId; levelId: LevelId; tried: ProviderId[]; limit: number },
): Promise<Candidate[]> {
  const { rows } = await sql<{ id: SubscriptionId; provider_id: ProviderId }>`
    SELECT subscription.id, subscription.provider_id
      FROM provider_subscriptions AS subscription
      JOIN providers ON providers.id = subscription.provider_id
     WHERE subscription.competition_level_id = ${levelId}
       AND subscription.is_active
       AND providers.is_active
       AND subscription.provider_id <> ALL (${tried}::uuid[])
       AND NOT EXISTS (
         SELECT FROM lead_assignments AS assignment
          WHERE assignment.lead_id = ${leadId} AND assignment.provider_id = subscription.provider_id)
     ORDER BY subscription.last_received_at ASC NULLS FIRST, subscription.provider_id ASC
     LIMIT ${limit}`.execute(db);
  return rows.map((row) => ({ subscriptionId: row.id, providerId: row.provider_id }));
}

/** What a lead costs a candidate, and what the candidate is to be told. */
export interface Offer {
  levelId: LevelId;
  levelName: string;
  price: Cents;
  companyName: string;
  email: string;
  /** Null when the balance does not reach: nothing was written. */
  assignmentId: AssignmentId | null;
}

export interface Bid {
  leadId: LeadId;
  subscriptionId: SubscriptionId;
  /** The provider's balance, which the caller holds. */
  balance: Cents;
  at: Date;
}

/**
 * Assigns the lead if the balance reaches, and then puts the subscription at the end of its level's order:
 * later than any other there, by a microsecond if the clocks of two processes disagree. The caller holds
 * the level's order.
 * @returns null when the subscription, its provider or its level is no longer active, or the provider has
 * the lead
 */
export async function takeOffer(tx: Tx, { leadId, subscriptionId, balance, at }: Bid): Promise<Offer | null> {
  // One statement, because there is one for each assignment: a round trip less is 5 to 10 ms for 25 of them.
  const { rows } = await sql<{
    level_id: LevelId;
    level_name: string;
    price: string;
    company_name: string;
    email: string;
    assignment_id: AssignmentId | null;
  }>`
    WITH offer AS (
      SELECT subscription.id, subscription.provider_id, level.id AS level_id, level.name AS level_name,
             level.price_per_lead AS price, provider.company_name, provider.email
        FROM provider_subscriptions AS subscription
        JOIN competition_levels AS level ON level.id = subscription.competition_level_id
        JOIN providers AS provider ON provider.id = subscription.provider_id
       WHERE subscription.id = ${subscriptionId}
         AND subscription.is_active AND level.is_active AND provider.is_active
         AND NOT EXISTS (
           SELECT FROM lead_assignments AS other
            WHERE other.lead_id = ${leadId} AND other.provider_id = subscription.provider_id)
    ), served AS (
      UPDATE provider_subscriptions AS subscription
         SET last_received_at = greatest(${at}::timestamptz, (
               SELECT max(other.last_received_at) FROM provider_subscriptions AS other
                WHERE other.competition_level_id = offer.level_id
             ) + interval '1 microsecond')
        FROM offer
       WHERE subscription.id = offer.id AND offer.price <= ${formatMoney(balance)}::numeric
      RETURNING offer.provider_id, offer.level_id, offer.price
    ), assignment AS (
      INSERT INTO lead_assignments (lead_id, provider_id, competition_level_id, price_charged, assigned_at)
      SELECT ${leadId}, provider_id, level_id, price, ${at}::timestamptz FROM served
      RETURNING id
    )
    SELECT level_id, level_name, price, company_name, email, assignment.id AS assignment_id
      FROM offer LEFT JOIN assignment ON TRUE`.execute(tx);
  const [row] = rows;
  if (row === undefined) return null;
  return {
    levelId: row.level_id,
    levelName: row.level_name,
    price: parseMoney(row.price),
    companyName: row.company_name,
    email: row.email,
    assignmentId: row.assignment_id,
  };
}

/** @returns whether it is the first time that this lead skips this provider */
export async function recordSkip(
  tx: Tx,
  { leadId, providerId, levelId, at }: { leadId: LeadId; providerId: ProviderId; levelId: LevelId; at: Date },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    INSERT INTO lead_distribution_skips (lead_id, provider_id, competition_level_id, skipped_at)
    VALUES (${leadId}, ${providerId}, ${levelId}, ${at})
    ON CONFLICT (lead_id, provider_id) DO NOTHING`.execute(tx);
  return numAffectedRows === 1n;
}
