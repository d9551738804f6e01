import { sql } from 'kysely';
import type { FiltersOf } from '../../../../contract/reports.ts';
import type { Cell } from '../../../platform/csv.ts';
import { equals, within } from './conditions.ts';
import type { ReportSource } from './types.ts';

const columns = [
  'assignment_id',
  'lead_id',
  'provider_id',
  'company_name',
  'niche',
  'level',
  'status',
  'price_charged',
  'contact_name',
  'email',
  'phone',
  'answers',
  'assigned_at',
  'viewed_at',
  'decided_at',
  'refunded_at',
] as const;
type Row = Record<(typeof columns)[number], Cell>;

/** Leads assigned to providers, with the contact that the provider paid for. */
export const assignmentsSource: ReportSource<FiltersOf<'assignments'>> = {
  columns,
  matching: (filters, provider) => sql`
    SELECT assignment.id::text AS id
      FROM lead_assignments AS assignment
      JOIN leads AS lead ON lead.id = assignment.lead_id
      JOIN niches AS niche ON niche.id = lead.niche_id
     WHERE ${equals('assignment.provider_id', provider)}
       AND ${within('assignment.assigned_at', filters)}
       AND ${equals('assignment.status', filters.status)}
       AND ${equals('niche.slug', filters.niche)}
     ORDER BY assignment.assigned_at, assignment.id`,
  read: async (db, ids) => {
    const { rows } = await sql<Row>`
      SELECT assignment.id AS assignment_id, lead.id AS lead_id, provider.id AS provider_id,
             provider.company_name, niche.slug AS niche, level.name AS level, assignment.status,
             assignment.price_charged, lead.contact_name, lead.email, lead.phone,
             lead.answers::text AS answers, assignment.assigned_at, assignment.viewed_at,
             assignment.decided_at, assignment.refunded_at
        FROM unnest(${ids}::uuid[]) WITH ORDINALITY AS wanted (id, place)
        JOIN lead_assignments AS assignment ON assignment.id = wanted.id
        JOIN leads AS lead ON lead.id = assignment.lead_id
        JOIN niches AS niche ON niche.id = lead.niche_id
        JOIN competition_levels AS level ON level.id = assignment.competition_level_id
        JOIN providers AS provider ON provider.id = assignment.provider_id
       ORDER BY wanted.place`.execute(db);
    return rows;
  },
};
