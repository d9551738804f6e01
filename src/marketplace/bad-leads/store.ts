/** The SQL of bad-lead reports. */
import { sql } from 'kysely';
import type { BadLeadCategory, BadLeadListQuery, BadLeadStatus } from '../../../contract/bad-leads.ts';
import type { AssignmentId, LeadId, ProviderId, UserId } from '../../../contract/ids.ts';
import { parseMoney, type Cents } from '../../../contract/money.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { readPage, type Page } from '../page.ts';

/** The lead of an assignment of this provider; null when it has no such assignment. */
export async function findOwnAssignment(
  tx: Tx,
  providerId: ProviderId,
  assignmentId: AssignmentId,
): Promise<LeadId | null> {
  const { rows } = await sql<{ lead_id: LeadId }>`
    SELECT lead_id FROM lead_assignments
     WHERE id = ${assignmentId} AND provider_id = ${providerId}`.execute(tx);
  return rows[0]?.lead_id ?? null;
}

export interface ReportRow {
  category: BadLeadCategory;
  notes: string | null;
  status: BadLeadStatus;
  reported_at: Date;
}

export async function findReport(tx: Tx, assignmentId: AssignmentId): Promise<ReportRow | null> {
  const { rows } = await sql<ReportRow>`
    SELECT category, notes, status, reported_at FROM bad_lead_reports
     WHERE assignment_id = ${assignmentId}`.execute(tx);
  return rows[0] ?? null;
}

/** How many reports a provider made from one moment until before another. */
export async function countReports(tx: Tx, providerId: ProviderId, from: Date, until: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM bad_lead_reports
     WHERE provider_id = ${providerId} AND reported_at >= ${from} AND reported_at < ${until}`.execute(tx);
  return rows[0]?.count ?? 0;
}

export interface NewReport {
  assignmentId: AssignmentId;
  providerId: ProviderId;
  category: BadLeadCategory;
  notes: string | null;
  at: Date;
}

export async function insertReport(tx: Tx, report: NewReport): Promise<void> {
  await sql`
    INSERT INTO bad_lead_reports (assignment_id, provider_id, category, notes, reported_at)
    VALUES (${report.assignmentId}, ${report.providerId}, ${report.category}, ${report.notes},
            ${report.at})`.execute(tx);
}

/** Holds a report until the transaction ends; null when the assignment was not reported. */
export async function lockReport(tx: Tx, assignmentId: AssignmentId): Promise<BadLeadStatus | null> {
  const { rows } = await sql<{ status: BadLeadStatus }>`
    SELECT status FROM bad_lead_reports WHERE assignment_id = ${assignmentId} FOR NO KEY UPDATE`.execute(tx);
  return rows[0]?.status ?? null;
}

export interface Decision {
  assignmentId: AssignmentId;
  status: 'approved' | 'rejected';
  by: UserId;
  memo: string;
  at: Date;
}

export async function markDecided(tx: Tx, { assignmentId, status, by, memo, at }: Decision): Promise<void> {
  await sql`
    UPDATE bad_lead_reports
       SET status = ${status}, decided_at = ${at}, decided_by = ${by}, decision_memo = ${memo}
     WHERE assignment_id = ${assignmentId}`.execute(tx);
}

export interface Charge {
  providerId: ProviderId;
  leadId: LeadId;
  price: Cents;
}

/**
 * Marks an assignment as refunded.
 * @returns what it was charged
 * @throws Error when it is refunded already
 */
export async function markRefunded(tx: Tx, assignmentId: AssignmentId, at: Date): Promise<Charge> {
  const { rows } = await sql<{ provider_id: ProviderId; lead_id: LeadId; price_charged: string }>`
    UPDATE lead_assignments SET refunded_at = ${at}
     WHERE id = ${assignmentId} AND refunded_at IS NULL
    RETURNING provider_id, lead_id, price_charged`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('The assignment is refunded already');
  return { providerId: row.provider_id, leadId: row.lead_id, price: parseMoney(row.price_charged) };
}

export interface DecisionRow {
  status: BadLeadStatus;
  decided_at: Date | null;
  decided_by: UserId | null;
  decision_memo: string | null;
  price_charged: string;
  refunded_at: Date | null;
}

/** How a report stands, and its assignment with it. */
export async function findDecision(tx: Tx, assignmentId: AssignmentId): Promise<DecisionRow> {
  const { rows } = await sql<DecisionRow>`
    SELECT report.status, report.decided_at, report.decided_by, report.decision_memo,
           assignment.price_charged::text, assignment.refunded_at
      FROM bad_lead_reports AS report
      JOIN lead_assignments AS assignment ON assignment.id = report.assignment_id
     WHERE report.assignment_id = ${assignmentId}`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('There is no such report');
  return row;
}

export interface BadLeadRow extends ReportRow, DecisionRow {
  /** The report's, and so the assignment's. */
  id: AssignmentId;
  provider_id: ProviderId;
  company_name: string;
  lead_id: LeadId;
  niche: string;
  contact_name: string;
  email: string;
  phone: string;
}

/** One page, newest report first, and how many there are in all. */
export function listReports(db: Db, { status, page, limit }: BadLeadListQuery): Promise<Page<BadLeadRow>> {
  return readPage<BadLeadRow>(
    db,
    {
      columns: sql`
        report.assignment_id AS id, report.provider_id, provider.company_name, assignment.lead_id,
        niche.slug AS niche, lead.contact_name, lead.email, lead.phone, assignment.price_charged::text,
        report.category, report.notes, report.status, report.reported_at, report.decided_at,
        report.decided_by, report.decision_memo, assignment.refunded_at`,
      // All of them exist; LEFT lets PostgreSQL count the reports without looking them up.
      from: sql`
        bad_lead_reports AS report
        LEFT JOIN lead_assignments AS assignment ON assignment.id = report.assignment_id
        LEFT JOIN providers AS provider ON provider.id = report.provider_id
        LEFT JOIN leads AS lead ON lead.id = assignment.lead_id
        LEFT JOIN niches AS niche ON niche.id = lead.niche_id`,
      where: status === undefined ? sql`TRUE` : sql`report.status = ${status}`,
      orderBy: sql`report.reported_at DESC, report.assignment_id`,
    },
    { page, limit },
  );
}
