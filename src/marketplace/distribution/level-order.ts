import { sql } from 'kysely';
import type { LevelId } from '../../../contract/ids.ts';
import type { Db } from '../../platform/postgres/db.ts';

/**
 * Runs work that no other distribution does at the same time in the same level: one lead after the other
 * takes its providers from the order of the least recently served.
 *
 * Locking each choice alone would not be fair: with three providers and two recipients, three leads that
 * take turns can serve 1, 2 | 2, 1 | 3, 2, and so one provider once and another three times. One lead at
 * a time takes the next in a ring, and no count is ever more than one ahead.
 *
 * The lock belongs to the session, across its transactions, one for each assignment. Whoever has it works
 * on that session alone: if the connection breaks, the lock and the means to write are lost together. At
 * most one is held at a time, and before any row's lock, so that nobody waits in a circle. It needs a
 * direct connection, or a pooler in session mode.
 * @param session one connection, from `db.connection()`
 */
export async function inLevelOrder<T>(session: Db, levelId: LevelId, work: () => Promise<T>): Promise<T> {
  const key = sql`hashtextextended(${`fmhl:distribution:${levelId}`}, 0)`;
  const unlock = () => sql`SELECT pg_advisory_unlock(${key})`.execute(session);
  await sql`SELECT pg_advisory_lock(${key})`.execute(session);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // Where it fails the connection is gone, the lock with it, and the first error says why.
    await unlock().catch(() => undefined);
    throw error;
  }
  await unlock();
  return result;
}
