/** The SQL of what admins see of a distribution. */
import { sql } from 'kysely';
import type { AssignmentListQuery, LeadAssignment } from '../../../contract/distribution.ts';
import type { AssignmentId, LeadId, LevelId, ProviderId } from '../../../contract/ids.ts';
import type { LeadStatus } from '../../../contract/leads.ts';
import type { Db } from '../../platform/postgres/db.ts';

export async function statusOfLead(db: Db, leadId: LeadId): Promise<LeadStatus | null> {
  const { rows } = await sql<{ status: LeadStatus }>`SELECT status FROM leads WHERE id = ${leadId}`.execute(
    db,
  );
  return rows[0]?.status ?? null;
}

export interface DistributionRow {
  lead_status: LeadStatus;
  runs: number | null;
  start_position: number | null;
  started_at: Date | null;
  completed_at: Date | null;
  billing_failures: number | null;
  skipped: number;
}

/** Null when there is no such lead; the columns of the distribution are null when it has not started. */
export async function findDistribution(db: Db, leadId: LeadId): Promise<DistributionRow | null> {
  const { rows } = await sql<DistributionRow>`
    SELECT leads.status AS lead_status, runs, start_position, started_at, completed_at, billing_failures,
           (SELECT count(*)::int FROM lead_distribution_skips AS skip WHERE skip.lead_id = leads.id) AS skipped
      FROM leads LEFT JOIN lead_distributions ON lead_id = leads.id
     WHERE leads.id = ${leadId}`.execute(db);
  return rows[0] ?? null;
}

export interface LevelRow {
  id: LevelId;
  name: string;
  order_position: number;
  price_per_lead: string;
  max_recipients: number;
  assigned: number;
}

const MAX_LEVELS = 1_000;

/** The levels of the lead's niche that are active or got the lead, in order of position. */
export async function levelsOfLead(db: Db, leadId: LeadId): Promise<LevelRow[]> {
  const { rows } = await sql<LevelRow>`
    SELECT level.id, level.name, level.order_position, level.price_per_lead, level.max_recipients,
           coalesce(got.assigned, 0) AS assigned
      FROM leads
      JOIN competition_levels AS level ON level.niche_id = leads.niche_id
      LEFT JOIN (
        SELECT competition_level_id, count(*)::int AS assigned
          FROM lead_assignments WHERE lead_id = ${leadId} GROUP BY competition_level_id
      ) AS got ON got.competition_level_id = level.id
     WHERE leads.id = ${leadId} AND (level.is_active OR got.assigned > 0)
     ORDER BY level.order_position
     LIMIT ${MAX_LEVELS}`.execute(db);
  return rows;
}

export interface AssignmentRow {
  id: AssignmentId;
  provider_id: ProviderId;
  company_name: string;
  level_id: LevelId;
  level_name: string;
  price_charged: string;
  status: LeadAssignment['status'];
  assigned_at: Date;
  viewed_at: Date | null;
  decided_at: Date | null;
  refunded_at: Date | null;
}

/** One page of a lead's assignments, oldest first, and how many there are in all. */
export async function listAssignments(
  db: Db,
  leadId: LeadId,
  { page, limit }: AssignmentListQuery,
): Promise<{ rows: AssignmentRow[]; total: number }> {
  const { rows } = await sql<AssignmentRow>`
    SELECT assignment.id, provider_id, company_name, level.id AS level_id, level.name AS level_name,
           price_charged, status, assigned_at, viewed_at, decided_at, refunded_at
      FROM lead_assignments AS assignment
      JOIN providers ON providers.id = provider_id
      JOIN competition_levels AS level ON level.id = competition_level_id
     WHERE lead_id = ${leadId}
     ORDER BY assigned_at, assignment.id
     LIMIT ${limit} OFFSET ${(page - 1) * limit}`.execute(db);
  const { rows: counted } = await sql<{ total: number }>`
    SELECT count(*)::int AS total FROM lead_assignments WHERE lead_id = ${leadId}`.execute(db);
  return { rows, total: counted[0]?.total ?? 0 };
}
