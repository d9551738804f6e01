import { sql } from 'kysely';
import type { FiltersOf } from '../../../../contract/reports.ts';
import type { Cell } from '../../../platform/csv.ts';
import { equals, within } from './conditions.ts';
import type { ReportSource } from './types.ts';

const columns = [
  'lead_id',
  'niche',
  'status',
  'contact_name',
  'email',
  'phone',
  'answers',
  'created_at',
  'confirmed_at',
  'decided_at',
  'rejection_reason',
] as const;
type Row = Record<(typeof columns)[number], Cell>;

/** All leads, whoever they were assigned to: for admins. Not of a provider. */
export const leadsSource: ReportSource<FiltersOf<'leads'>> = {
  columns,
  matching: (filters) => sql`
    SELECT lead.id::text AS id
      FROM leads AS lead JOIN niches AS niche ON niche.id = lead.niche_id
     WHERE ${within('lead.created_at', filters)}
       AND ${equals('lead.status', filters.status)}
       AND ${equals('niche.slug', filters.niche)}
     ORDER BY lead.created_at, lead.id`,
  read: async (db, ids) => {
    // The answers as text: as JavaScript's numbers they might change.
    const { rows } = await sql<Row>`
      SELECT lead.id AS lead_id, niche.slug AS niche, lead.status, lead.contact_name, lead.email, lead.phone,
             lead.answers::text AS answers, lead.created_at, lead.confirmed_at, lead.decided_at,
             lead.rejection_reason
        FROM unnest(${ids}::uuid[]) WITH ORDINALITY AS wanted (id, place)
        JOIN leads AS lead ON lead.id = wanted.id
        JOIN niches AS niche ON niche.id = lead.niche_id
       ORDER BY wanted.place`.execute(db);
    return rows;
  },
};
