import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { deleteTokensExpiredBefore } from './api-tokens/store.ts';
import { deleteExpiredDevices } from './devices.ts';
import { deleteExpiredSessions } from './session-store.ts';
import { deleteSetupTokens } from './store.ts';

/** So long the list of API tokens tells why a program was refused. */
const EXPIRED_TOKENS_MS = 30 * 24 * 60 * 60_000;

/**
 * Removes sessions, set-up tokens, known browsers and API tokens that have expired (the last 30 days ago), at
 * most `limit` rows together. They are refused from the moment they expire; this only frees the room.
 * @returns how many rows went; `limit` means that there may be more
 */
export async function removeExpiredSessions(db: Db, clock: Clock, limit: number): Promise<number> {
  const now = new Date(clock.now());
  let removed = await deleteExpiredSessions(db, now, limit);
  removed += await deleteSetupTokens(db, now, limit - removed);
  removed += await deleteExpiredDevices(db, now, limit - removed);
  const before = new Date(now.getTime() - EXPIRED_TOKENS_MS);
  return removed + (await deleteTokensExpiredBefore(db, before, limit - removed));
}
