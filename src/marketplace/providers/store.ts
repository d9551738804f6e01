/** The SQL of providers. */
import { sql } from 'kysely';
import type { ProviderId, UserId } from '../../../contract/ids.ts';
import type { Db } from '../../platform/postgres/db.ts';

export async function findActiveOfUser(db: Db, userId: UserId): Promise<ProviderId | null> {
  const { rows } = await sql<{ id: ProviderId }>`
    SELECT id FROM providers WHERE user_id = ${userId} AND is_active`.execute(db);
  return rows[0]?.id ?? null;
}
