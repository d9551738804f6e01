import { sql } from 'kysely';
import { sqlState, type Db } from '../../platform/postgres/db.ts';

/** SQLSTATE classes in which the database refuses the data: it works, and other data is not refused. */
const REFUSES_DATA = new Set([
  '22', // data exception: an amount out of range
  '23', // integrity constraint violation: a negative balance
  'P0', // raised by a trigger
]);

/**
 * Whether a failed assignment is a matter of its provider alone, and the distribution can go on with the
 * next; if not, the database fails, and so does the job (marketplace.md, "Distribution").
 * @param session the connection on which it failed
 */
export async function concernsProviderAlone(session: Db, error: unknown): Promise<boolean> {
  const state = sqlState(error);
  if (state !== null) return REFUSES_DATA.has(state.slice(0, 2));
  // A broken connection has no SQLSTATE and many messages; but it no longer answers.
  return sql`SELECT 1`.execute(session).then(
    () => true,
    () => false,
  );
}
