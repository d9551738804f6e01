import { sql } from 'kysely';
import type { Db } from '../../src/platform/postgres/db.ts';

/** How many sessions of a database wait for a lock that another holds. */
export async function waitingSessions(db: Db): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(DISTINCT pid)::int AS count FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE NOT granted AND datname = current_database()`.execute(db);
  return rows[0]?.count ?? 0;
}
