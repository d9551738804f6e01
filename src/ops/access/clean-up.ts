import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { deleteExpiredSessions } from './session-store.ts';
import { deleteSetupTokens } from './store.ts';

/**
 * Removes sessions and set-up tokens that have expired, at most `limit` rows together. They are refused
 * from the moment they expire; this only frees the room.
 * @returns how many rows went; `limit` means that there may be more
 */
export async function removeExpiredSessions(db: Db, clock: Clock, limit: number): Promise<number> {
  const now = new Date(clock.now());
  const sessions = await deleteExpiredSessions(db, now, limit);
  return sessions + (await deleteSetupTokens(db, now, limit - sessions));
}
