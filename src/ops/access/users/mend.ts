/** What an admin does for a user who can't get in. */
import type { UserId } from '../../../../contract/ids.ts';
import { HttpError } from '../../../platform/http/errors.ts';
import type { Actor } from '../../../platform/http/types.ts';
import type { Tx } from '../../../platform/postgres/db.ts';
import { changed, record } from '../../audit/record.ts';
import { forgetDevices, unlockDevices } from '../devices.ts';
import { deleteRecoveryCodes } from '../recovery-codes.ts';
import { deleteSessionsOfUser } from '../session-store.ts';
import { writeFailures } from '../store.ts';
import type { AccessDeps } from '../types.ts';
import { deleteMfa, lockUserRow, type UserRow } from './store.ts';

interface Mending {
  id: UserId;
  reason: string;
}

/**
 * Takes the user's MFA away: authenticator, recovery codes, known browsers and sessions. Staff set it up anew at
 * the next sign-in; until then their API tokens do nothing.
 * @throws HttpError `not_found`
 */
export function resetMfa({ db }: AccessDeps, mending: Mending, actor: Actor): Promise<UserRow> {
  const { id, reason } = mending;
  return db.transaction().execute(async (tx) => {
    const before = await found(tx, id);
    await deleteMfa(tx, id);
    await deleteRecoveryCodes(tx, id);
    await forgetDevices(tx, id);
    const ended = await deleteSessionsOfUser(tx, id);
    // Without MFA before, only a secret that was never confirmed can have been there.
    if (before.mfa_enrolled) {
      const changes = { mfa_enrolled: changed(true, false), sessions_ended: ended };
      await record(tx, actor, { action: 'user.reset_mfa', target: { type: 'user', id }, reason, changes });
    }
    return found(tx, id);
  });
}

/**
 * Forgets the wrong passwords and codes given for the user, from wherever.
 * @throws HttpError `not_found`
 */
export function unlock({ db, clock }: AccessDeps, mending: Mending, actor: Actor): Promise<UserRow> {
  const { id, reason } = mending;
  return db.transaction().execute(async (tx) => {
    const before = await found(tx, id);
    await writeFailures(tx, id, { count: 0, lockedUntil: null });
    const devices = await unlockDevices(tx, id, new Date(clock.now()));
    const wasLocked = before.locked_until !== null && before.locked_until.getTime() > clock.now();
    if (wasLocked || devices > 0) {
      const changes = { locked: changed(true, false) };
      await record(tx, actor, { action: 'user.unlock', target: { type: 'user', id }, reason, changes });
    }
    return found(tx, id);
  });
}

async function found(tx: Tx, id: UserId): Promise<UserRow> {
  const row = await lockUserRow(tx, id);
  if (row === null) throw new HttpError('not_found');
  return row;
}
