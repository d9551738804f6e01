import type { SessionId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { recordAccess } from './audit.ts';
import { deleteSessionById, deleteSessionsOfUser } from './session-store.ts';
import type { AccessDeps, Caller, CurrentSession } from './types.ts';

/**
 * Ends one of one's own sessions, the current one too.
 * @throws HttpError `not_found` when the user has none of this id
 */
export async function endSession(
  { db }: AccessDeps,
  session: CurrentSession,
  id: SessionId,
  caller: Caller,
): Promise<void> {
  const { userId, role } = session;
  await db.transaction().execute(async (tx) => {
    if (!(await deleteSessionById(tx, userId, id))) throw new HttpError('not_found');
    await recordAccess(tx, { id: userId, role }, caller, 'access.session_end', { session: id });
  });
  caller.logger.info('sessions_ended', { user_id: userId, sessions: 1, ip: caller.ip });
}

/** Ends all of one's own sessions but the current one. @returns how many */
export async function endOtherSessions(
  { db }: AccessDeps,
  session: CurrentSession,
  caller: Caller,
): Promise<number> {
  const { userId, role } = session;
  const ended = await db.transaction().execute(async (tx) => {
    const count = await deleteSessionsOfUser(tx, userId, { except: session.id });
    if (count > 0) {
      const changes = { sessions_ended: count };
      await recordAccess(tx, { id: userId, role }, caller, 'access.session_end', changes);
    }
    return count;
  });
  caller.logger.info('sessions_ended', { user_id: userId, sessions: ended, ip: caller.ip });
  return ended;
}
