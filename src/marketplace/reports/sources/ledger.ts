import { sql } from 'kysely';
import type { FiltersOf } from '../../../../contract/reports.ts';
import type { Cell } from '../../../platform/csv.ts';
import { equals, within } from './conditions.ts';
import type { ReportSource } from './types.ts';

const columns = [
  'entry_id',
  'created_at',
  'provider_id',
  'company_name',
  'entry_type',
  'credit',
  'debit',
  'balance_after',
  'lead_id',
  'assignment_id',
  'memo',
] as const;
type Row = Record<(typeof columns)[number], Cell>;

/**
 * Movements of balances. What an entry adds stands under `credit`, what it takes under `debit`, both
 * without a sign: a cell that begins with `-` would have to be disarmed, and be no number any more.
 */
export const ledgerSource: ReportSource<FiltersOf<'ledger'>> = {
  columns,
  matching: (filters, provider) => sql`
    SELECT entry.id::text AS id
      FROM provider_ledger AS entry
     WHERE ${equals('entry.provider_id', provider)}
       AND ${within('entry.created_at', filters)}
       AND ${equals('entry.entry_type', filters.entry_type)}
     ORDER BY entry.id`,
  read: async (db, ids) => {
    const { rows } = await sql<Row>`
      SELECT entry.id AS entry_id, entry.created_at, provider.id AS provider_id, provider.company_name,
             entry.entry_type,
             CASE WHEN entry.amount > 0 THEN entry.amount END AS credit,
             CASE WHEN entry.amount < 0 THEN -entry.amount END AS debit,
             entry.balance_after, entry.lead_id, entry.assignment_id, entry.memo
        FROM unnest(${ids}::bigint[]) WITH ORDINALITY AS wanted (id, place)
        JOIN provider_ledger AS entry ON entry.id = wanted.id
        JOIN providers AS provider ON provider.id = entry.provider_id
       ORDER BY wanted.place`.execute(db);
    return rows;
  },
};
