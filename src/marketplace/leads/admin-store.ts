/** The SQL of what admins see of leads, and decide about them. */
import { sql } from 'kysely';
import type { CorrelationId, LeadId, UserId } from '../../../contract/ids.ts';
import type { LeadListQuery } from '../../../contract/lead-approval.ts';
import type { LeadStatus } from '../../../contract/leads.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';

export interface SummaryRow {
  id: LeadId;
  niche: string;
  contact_name: string;
  email: string;
  phone: string;
  status: LeadStatus;
  created_at: Date;
  confirmed_at: Date | null;
  decided_at: Date | null;
  decided_by: UserId | null;
  rejection_reason: string | null;
}

export interface DetailRow extends SummaryRow {
  answers: Record<string, unknown>;
  correlation_id: CorrelationId | null;
}

const SUMMARY = sql.raw(
  `leads.id, niches.slug AS niche, contact_name, email, phone, status, leads.created_at, confirmed_at,
   decided_at, decided_by, rejection_reason`,
);

/** One page, newest first, and how many there are in all. */
export async function listLeads(
  db: Db,
  { status, page, limit }: LeadListQuery,
): Promise<{ rows: SummaryRow[]; total: number }> {
  const where = status === undefined ? sql`TRUE` : sql`status = ${status}`;
  const { rows } = await sql<SummaryRow>`
    SELECT ${SUMMARY}
      FROM leads JOIN niches ON niches.id = niche_id
     WHERE ${where}
     ORDER BY leads.created_at DESC, leads.id DESC
     LIMIT ${limit} OFFSET ${(page - 1) * limit}`.execute(db);
  const { rows: counted } = await sql<{ total: number }>`
    SELECT count(*)::int AS total FROM leads WHERE ${where}`.execute(db);
  return { rows, total: counted[0]?.total ?? 0 };
}

export async function findLead(db: Db, id: LeadId): Promise<DetailRow | null> {
  const { rows } = await sql<DetailRow>`
    SELECT ${SUMMARY}, answers, leads.correlation_id
      FROM leads JOIN niches ON niches.id = niche_id
     WHERE leads.id = ${id}`.execute(db);
  return rows[0] ?? null;
}

/** Reads a lead's status and holds the lead until the transaction ends; null when there is no such lead. */
export async function lockStatus(tx: Tx, id: LeadId): Promise<LeadStatus | null> {
  const { rows } = await sql<{ status: LeadStatus }>`
    SELECT status FROM leads WHERE id = ${id} FOR NO KEY UPDATE`.execute(tx);
  return rows[0]?.status ?? null;
}

export interface Decision {
  status: 'approved' | 'rejected';
  by: UserId;
  at: Date;
  /** Of a rejection. */
  reason: string | null;
}

export async function markDecided(tx: Tx, id: LeadId, { status, by, at, reason }: Decision): Promise<void> {
  await sql`
    UPDATE leads SET status = ${status}, decided_at = ${at}, decided_by = ${by}, rejection_reason = ${reason}
     WHERE id = ${id}`.execute(tx);
}
