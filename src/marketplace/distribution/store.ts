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

/** A level as a lead finds it; stays true while the lead holds the level's order. */
export interface LevelState {
  /** How many more assignments of the lead the level takes. */
  places: number;
  /** When the level's last assignment was made, as PostgreSQL writes it: to the microsecond. Null for never. */
  lastServed: string | null;
}

export async function readLevel(db: Db, leadId: LeadId, level: Level): Promise<LevelState> {
  const { rows } = await sql<{ taken: number; last_served: string | null }>`
    SELECT (SELECT count(*)::int FROM lead_assignments
             WHERE lead_id = ${leadId} AND competition_level_id = ${level.id}) AS taken,
           (SELECT max(last_received_at)::text FROM provider_subscriptions
             WHERE competition_level_id = ${level.id}) AS last_served`.execute(db);
  const { taken = 0, last_served: lastServed = null } = rows[0] ?? {};
  return { places: Math.max(level.maxRecipients - taken, 0), lastServed };
}

export interface Candidate {
  subscriptionId: SubscriptionId;
  providerId: ProviderId;
  companyName: string;
  email: string;
}

/** The level's next providers, least recently served first, without those that have the lead or were tried. */
export async function nextCandidates(
  db: Db,
  { leadId, levelId, tried, limit }: { leadId: LeadId; levelId: LevelId; tried: ProviderId[]; limit: number },
): Promise<Candidate[]> {
  const { rows } = await sql<{
    id: SubscriptionId;
    provider_id: ProviderId;
    company_name: string;
    email: string;
  }>`
    SELECT subscription.id, subscription.provider_id, providers.company_name, providers.email
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
  return rows.map((row) => ({
    subscriptionId: row.id,
    providerId: row.provider_id,
    companyName: row.company_name,
    email: row.email,
  }));
}

export interface Bid {
  leadId: LeadId;
  subscriptionId: SubscriptionId;
  /** The provider's balance, which the caller holds. */
  balance: Cents;
  at: Date;
}

export interface Taken {
  assignmentId: AssignmentId;
  levelName: string;
  price: Cents;
  /** The level's new {@link LevelState.lastServed}. */
  servedAt: string;
}

/**
 * Assigns a lead to a subscription, and puts it at the end of its level's order: later than any other there,
 * by a microsecond if the clock stands still or those of two processes disagree. The caller holds the
 * level's order.
 * @returns null when nothing was written: the subscription or its level is no longer active, its provider
 * has the lead, or the balance does not reach
 */
export async function take(
  tx: Tx,
  { leadId, subscriptionId, balance, at }: Bid,
  lastServed: string | null,
): Promise<Taken | null> {
  // The hot statement, one for each assignment: kept to what must be checked under the balance's lock.
  const { rows } = await sql<{ id: AssignmentId; level_name: string; price: string; served_at: string }>`
    WITH served AS (
      UPDATE provider_subscriptions AS subscription
         SET last_received_at = greatest(
               ${at}::timestamptz, ${lastServed}::timestamptz + interval '1 microsecond')
        FROM competition_levels AS level
       WHERE subscription.id = ${subscriptionId} AND subscription.is_active
         AND level.id = subscription.competition_level_id AND level.is_active
         AND level.price_per_lead <= ${formatMoney(balance)}::numeric
         AND NOT EXISTS (
           SELECT FROM lead_assignments AS other
            WHERE other.lead_id = ${leadId} AND other.provider_id = subscription.provider_id)
      RETURNING subscription.provider_id, subscription.last_received_at,
                level.id AS level_id, level.name AS level_name, level.price_per_lead AS price
    ), assignment AS (
      INSERT INTO lead_assignments (lead_id, provider_id, competition_level_id, price_charged, assigned_at)
      SELECT ${leadId}, provider_id, level_id, price, ${at}::timestamptz FROM served
      RETURNING id
    )
    SELECT assignment.id, level_name, price, last_received_at::text AS served_at FROM served, assignment`.execute(
    tx,
  );
  const [row] = rows;
  if (row === undefined) return null;
  return {
    assignmentId: row.id,
    levelName: row.level_name,
    price: parseMoney(row.price),
    servedAt: row.served_at,
  };
}

/** Whether it is only for the balance that {@link take} wrote nothing. */
export async function isShort(tx: Tx, { leadId, subscriptionId, balance }: Bid): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM provider_subscriptions AS subscription
      JOIN competition_levels AS level ON level.id = subscription.competition_level_id
     WHERE subscription.id = ${subscriptionId} AND subscription.is_active AND level.is_active
       AND level.price_per_lead > ${formatMoney(balance)}::numeric
       AND NOT EXISTS (
         SELECT FROM lead_assignments AS other
          WHERE other.lead_id = ${leadId} AND other.provider_id = subscription.provider_id)`.execute(tx);
  return rows.length > 0;
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
