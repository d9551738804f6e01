/** The SQL of providers. */
import { sql } from 'kysely';
import type { ProviderId, UserId } from '../../../contract/ids.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { readPage, type Page, type PageRequest } from '../page.ts';

export interface ProviderRow {
  id: ProviderId;
  user_id: UserId;
  company_name: string;
  email: string;
  balance: string;
  low_balance_threshold: string;
  is_active: boolean;
  active_subscriptions: number;
  created_at: Date;
}

const COLUMNS = sql.raw(
  `id, user_id, company_name, email, balance, low_balance_threshold, is_active, created_at,
   (SELECT count(*)::int FROM provider_subscriptions
     WHERE provider_id = providers.id AND provider_subscriptions.is_active) AS active_subscriptions`,
);

export async function findActiveOfUser(db: Db, userId: UserId): Promise<ProviderId | null> {
  const { rows } = await sql<{ id: ProviderId }>`
    SELECT id FROM providers WHERE user_id = ${userId} AND is_active`.execute(db);
  return rows[0]?.id ?? null;
}

/** A page of providers, newest first. */
export function listProviders(db: Db, page: PageRequest): Promise<Page<ProviderRow>> {
  const query = {
    columns: COLUMNS,
    from: sql`providers`,
    where: sql`TRUE`,
    orderBy: sql`created_at DESC, id DESC`,
  };
  return readPage(db, query, page);
}

export async function findProvider(db: Db, id: ProviderId): Promise<ProviderRow | null> {
  const { rows } = await sql<ProviderRow>`SELECT ${COLUMNS} FROM providers WHERE id = ${id}`.execute(db);
  return rows[0] ?? null;
}

/**
 * Writes a provider with nothing on its balance. It has never been above its threshold, so there is no
 * crossing to tell of yet: the alert counts as sent.
 */
export async function insertProvider(
  tx: Tx,
  provider: { userId: UserId; companyName: string; email: string; createdAt: Date },
): Promise<ProviderId> {
  const { rows } = await sql<{ id: ProviderId }>`
    INSERT INTO providers (user_id, company_name, email, low_balance_alerted_at, created_at)
    VALUES (${provider.userId}, ${provider.companyName}, ${provider.email}, ${provider.createdAt},
            ${provider.createdAt})
    RETURNING id`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('The provider was not written');
  return row.id;
}
