/** The SQL of the provider's inbox. Every statement is bound to one provider: another's lead is not there. */
import { sql, type RawBuilder } from 'kysely';
import type { BadLeadStatus } from '../../../contract/bad-leads.ts';
import type { AssignmentId, LeadId, ProviderId } from '../../../contract/ids.ts';
import type { AssignmentStatus, InboxQuery } from '../../../contract/inbox.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Page } from '../page.ts';
import type { Fragments } from './fragments.ts';

export interface InboxRow {
  lead_id: LeadId;
  assignment_id: AssignmentId;
  niche: string;
  contact_name: string;
  email: string;
  phone: string;
  status: AssignmentStatus;
  price_charged: string;
  assigned_at: Date;
  viewed_at: Date | null;
  decided_at: Date | null;
  refunded_at: Date | null;
  bad_lead_status: BadLeadStatus | null;
}

const COLUMNS = sql.raw(`
  assignment.lead_id, assignment.id AS assignment_id, niche.slug AS niche, lead.contact_name, lead.email,
  lead.phone, assignment.status, assignment.price_charged::text, assignment.assigned_at,
  assignment.viewed_at, assignment.decided_at, assignment.refunded_at, report.status AS bad_lead_status`);

const JOINED = sql.raw(`
  JOIN leads AS lead ON lead.id = assignment.lead_id
  JOIN niches AS niche ON niche.id = lead.niche_id
  LEFT JOIN bad_lead_reports AS report ON report.assignment_id = assignment.id`);

export type InboxFilter = Pick<InboxQuery, 'page' | 'limit' | 'status' | 'niche' | 'from' | 'to'> & {
  search: Fragments | null;
};

/** One page, newest first, and how many there are in all. */
export async function listInbox(
  db: Db,
  providerId: ProviderId,
  filter: InboxFilter,
): Promise<Page<InboxRow>> {
  const { rows } = await inboxStatement(providerId, filter).execute(db);
  return {
    rows: rows.filter((row): row is Counted & InboxRow => row.assignment_id !== null),
    total: Number(rows[0]?.total ?? 0),
  };
}

type Counted = { total: string };

/**
 * The statement of {@link listInbox}. What is counted and which leads are on the page is read from indexes
 * alone; only the leads of the page are looked up. A page with no lead is one row that has the total alone.
 */
export function inboxStatement(
  providerId: ProviderId,
  { page, limit, ...filter }: InboxFilter,
): RawBuilder<Counted & (InboxRow | { assignment_id: null })> {
  // A search reads all of the inbox, so once for both. Without one, the page is read no further than its
  // end, and the count has an index of its own.
  const once = filter.search === null ? sql`NOT MATERIALIZED` : sql`MATERIALIZED`;
  return sql`
    WITH matched AS ${once} (
      SELECT own.id, own.assigned_at FROM lead_assignments AS own
       WHERE ${sql.join(conditions(providerId, filter), sql` AND `)}
    )
    SELECT counted.total, item.*
      FROM (SELECT count(*) AS total FROM matched) AS counted
      LEFT JOIN (
        SELECT ${COLUMNS}
          FROM (SELECT id FROM matched ORDER BY assigned_at DESC, id DESC
                 LIMIT ${limit} OFFSET ${(page - 1) * limit}) AS chosen
          JOIN lead_assignments AS assignment ON assignment.id = chosen.id
          ${JOINED}
      ) AS item ON TRUE
     ORDER BY item.assigned_at DESC, item.assignment_id DESC`;
}

function conditions(
  providerId: ProviderId,
  { status, niche, from, to, search }: Omit<InboxFilter, 'page' | 'limit'>,
): RawBuilder<boolean>[] {
  const all = [sql<boolean>`own.provider_id = ${providerId}`];
  if (status !== undefined) all.push(sql`own.status = ${status}`);
  if (from !== undefined) all.push(sql`own.assigned_at >= ${from}`);
  if (to !== undefined) all.push(sql`own.assigned_at < ${to}`);
  // A lead is bought in a level of its own niche, and the level stands in the indexes. As an array, because a
  // semi-join may be planned in another order than the inbox's.
  if (niche !== undefined) {
    all.push(sql`own.competition_level_id = ANY (ARRAY(
      SELECT level.id FROM competition_levels AS level JOIN niches ON niches.id = level.niche_id
       WHERE niches.slug = ${niche}))`);
  }
  if (search !== null) all.push(contains(search));
  return all;
}

/** `strpos` takes what it looks for as it is: nothing in it is a pattern. */
function contains({ email, phone }: Fragments): RawBuilder<boolean> {
  const inEmail = sql<boolean>`strpos(own.search_email, lower(${email}::text COLLATE "C")) > 0`;
  if (phone === null) return inEmail;
  return sql`(${inEmail} OR strpos(own.search_phone, ${phone}) > 0)`;
}

export interface InboxDetailRow extends InboxRow {
  niche_name: string;
  level_name: string;
  answers: Record<string, unknown>;
  submitted_at: Date;
}

export async function findInInbox(
  db: Db,
  providerId: ProviderId,
  leadId: LeadId,
): Promise<InboxDetailRow | null> {
  const { rows } = await sql<InboxDetailRow>`
    SELECT ${COLUMNS}, niche.name AS niche_name, level.name AS level_name, lead.answers,
           lead.created_at AS submitted_at
      FROM lead_assignments AS assignment
      ${JOINED}
      JOIN competition_levels AS level ON level.id = assignment.competition_level_id
     WHERE assignment.lead_id = ${leadId} AND assignment.provider_id = ${providerId}`.execute(db);
  return rows[0] ?? null;
}

/** Notes when the provider first opened a lead; of several readers at once, the first one's time stays. */
export async function markViewed(db: Db, providerId: ProviderId, leadId: LeadId, now: Date): Promise<void> {
  await sql`
    UPDATE lead_assignments SET viewed_at = ${now}
     WHERE lead_id = ${leadId} AND provider_id = ${providerId} AND viewed_at IS NULL`.execute(db);
}

export interface AssignmentDecision {
  assignment_id: AssignmentId;
  status: AssignmentStatus;
  /** Null exactly while it is `new`. */
  decided_at: Date | null;
}

/** Decides an assignment that is still `new`; null when there is none. */
export async function decideNew(
  db: Db,
  {
    providerId,
    leadId,
    status,
    at,
  }: { providerId: ProviderId; leadId: LeadId; status: 'accepted' | 'rejected'; at: Date },
): Promise<AssignmentDecision | null> {
  const { rows } = await sql<AssignmentDecision>`
    UPDATE lead_assignments SET status = ${status}, decided_at = ${at}
     WHERE lead_id = ${leadId} AND provider_id = ${providerId} AND status = 'new'
    RETURNING id AS assignment_id, status, decided_at`.execute(db);
  return rows[0] ?? null;
}

export async function findDecision(
  db: Db,
  providerId: ProviderId,
  leadId: LeadId,
): Promise<AssignmentDecision | null> {
  const { rows } = await sql<AssignmentDecision>`
    SELECT id AS assignment_id, status, decided_at FROM lead_assignments
     WHERE lead_id = ${leadId} AND provider_id = ${providerId}`.execute(db);
  return rows[0] ?? null;
}
