/** The SQL that reads the ledger. */
import { sql } from 'kysely';
import type { EntryType, LedgerQuery } from '../../../contract/billing.ts';
import type { AssignmentId, CorrelationId, LeadId, ProviderId, UserId } from '../../../contract/ids.ts';
import { parseMoney, type Cents } from '../../../contract/money.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { readPage, type Page } from '../page.ts';

export interface LedgerRow {
  id: string;
  provider_id: ProviderId;
  entry_type: EntryType;
  /** Of two decimals, as are all amounts that PostgreSQL gives. */
  amount: string;
  balance_after: string;
  actor_id: UserId | null;
  actor_role: 'admin' | 'provider' | 'system';
  lead_id: LeadId | null;
  assignment_id: AssignmentId | null;
  memo: string | null;
  correlation_id: CorrelationId | null;
  created_at: Date;
}

const COLUMNS = sql.raw(
  `id, provider_id, entry_type, amount, balance_after, actor_id, actor_role, lead_id, assignment_id, memo,
   correlation_id, created_at`,
);

/** A page of a provider's entries, newest first. */
export function listEntries(db: Db, providerId: ProviderId, query: LedgerQuery): Promise<Page<LedgerRow>> {
  const { entry_type, from, to } = query;
  const where = sql.join(
    [
      sql`provider_id = ${providerId}`,
      ...(entry_type === undefined ? [] : [sql`entry_type = ${entry_type}`]),
      ...(from === undefined ? [] : [sql`created_at >= ${from}`]),
      ...(to === undefined ? [] : [sql`created_at < ${to}`]),
    ],
    sql` AND `,
  );
  return readPage(db, { columns: COLUMNS, from: sql`provider_ledger`, where, orderBy: sql`id DESC` }, query);
}

export async function findEntry(db: Db, id: string): Promise<LedgerRow | null> {
  const { rows } = await sql<LedgerRow>`SELECT ${COLUMNS} FROM provider_ledger WHERE id = ${id}`.execute(db);
  return rows[0] ?? null;
}

export async function findEntryByKey(
  db: Db,
  providerId: ProviderId,
  idempotencyKey: string,
): Promise<LedgerRow | null> {
  const { rows } = await sql<LedgerRow>`
    SELECT ${COLUMNS} FROM provider_ledger
     WHERE provider_id = ${providerId} AND idempotency_key = ${idempotencyKey}`.execute(db);
  return rows[0] ?? null;
}

/** Null when there is no such provider. */
export async function readBalance(
  db: Db,
  providerId: ProviderId,
): Promise<{ balance: Cents; threshold: Cents } | null> {
  const { rows } = await sql<{ balance: string; threshold: string }>`
    SELECT balance, low_balance_threshold AS threshold FROM providers WHERE id = ${providerId}`.execute(db);
  const [row] = rows;
  return row === undefined
    ? null
    : { balance: parseMoney(row.balance), threshold: parseMoney(row.threshold) };
}
