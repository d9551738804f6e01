import { HttpError } from '../../platform/http/errors.ts';
import { recordAccess } from './audit.ts';
import { countFailure, failuresOf, isLocked } from './failures.ts';
import { deleteSessionsOfUser, sessionStands } from './session-store.ts';
import { findUserById, lockUser, writePassword } from './store.ts';
import type { AccessDeps, Caller, CurrentSession } from './types.ts';

/**
 * Gives the user another password, and ends all other sessions of the user. A wrong current one counts toward
 * the lock-out.
 * @throws HttpError `invalid_credentials` for a wrong current password, also when locked out;
 *   `authentication_required` when the session ended meanwhile
 */
export async function changePassword(
  deps: AccessDeps,
  session: CurrentSession,
  request: { current: string; new: string },
  caller: Caller,
): Promise<void> {
  const { db, clock, passwords } = deps;
  const found = await findUserById(db, session.userId);
  const matches = await passwords.verify(found?.passwordHash ?? null, request.current);
  const hash = matches ? await passwords.hash(request.new) : null;
  const refusal = await db.transaction().execute(async (tx) => {
    const user = await lockUser(tx, session.userId);
    if (user === null || !(await sessionStands(tx, session.tokenHash, 'full')))
      return 'authentication_required';
    const nowMs = clock.now();
    const failures = await failuresOf(tx, user, caller, nowMs);
    if (isLocked(failures, nowMs)) return 'invalid_credentials';
    if (hash === null || user.passwordHash !== found?.passwordHash) {
      await countFailure(tx, user, failures, nowMs);
      return 'invalid_credentials';
    }
    await writePassword(tx, user.id, hash);
    const ended = await deleteSessionsOfUser(tx, user.id, { except: session.id });
    await recordAccess(tx, user, caller, 'access.password_change', { sessions_ended: ended });
    return null;
  });
  const facts = { user_id: session.userId, ip: caller.ip };
  if (refusal !== null) {
    caller.logger.warn('confirmation_failed', { ...facts, reason: 'password_change' });
    throw new HttpError(refusal);
  }
  caller.logger.info('password_changed', facts);
}
