import { HttpError } from '../../platform/http/errors.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { changed } from '../audit/record.ts';
import { recordAccess } from './audit.ts';
import { countFailure, forgetFailures, isLocked } from './failures.ts';
import { countBadCode, deleteSession, deleteSessionsOfUser, sessionStands } from './session-store.ts';
import { openSession } from './sessions.ts';
import { confirmPendingSecret, lockUser, type User, useStep } from './store.ts';
import { stepOfCode } from './totp.ts';
import type { AccessDeps, Caller, CurrentSession, OpenedSession } from './types.ts';

/** Wrong codes after which a session is ended; the next try starts at the password. */
const MAX_BAD_CODES = 5;

type Outcome =
  | { kind: 'verified'; session: OpenedSession; enrolled: boolean }
  | { kind: 'session_gone' | 'nothing_to_verify' | 'locked' }
  | { kind: 'wrong_code' | 'used_code'; lockedMs: number; sessionEnded: boolean };

/**
 * The second step of signing in: a TOTP code. At `challenge` it is checked against the user's secret; at
 * `enrol`, and for a provider who sets up MFA, against the pending secret, which it confirms. Either way
 * the session is replaced by a full one with a new token.
 *
 * A code works once, in whatever session and however many requests bring it at the same moment. A wrong
 * one counts toward the lock-out. One that was used does not, because it guesses nothing: twenty scripts
 * that sign in within one half minute would lock their admin out.
 * @throws HttpError `invalid_credentials` for a wrong or used code and a locked account;
 *   `authentication_required` when the session ended meanwhile; `conflict` when nothing is to be verified
 */
export async function verify(
  deps: AccessDeps,
  current: CurrentSession,
  code: string,
  caller: Caller,
): Promise<OpenedSession> {
  // The outcome is returned, not thrown, so that the failures it counted are committed.
  const outcome = await deps.db.transaction().execute((tx) => judge(deps, tx, current, code, caller));
  const { logger, ip } = caller;
  const userId = current.userId;
  switch (outcome.kind) {
    case 'verified':
      deps.onSignIn('succeeded');
      logger.info(outcome.enrolled ? 'mfa_enrolled' : 'mfa_verified', { user_id: userId, ip });
      return outcome.session;
    case 'session_gone':
      throw new HttpError('authentication_required');
    case 'nothing_to_verify':
      throw new HttpError('conflict');
    case 'locked':
      deps.onSignIn('locked');
      logger.warn('mfa_failed', { reason: 'locked', user_id: userId, ip });
      throw new HttpError('invalid_credentials');
    default: {
      const { kind: reason, lockedMs, sessionEnded } = outcome;
      deps.onSignIn('code_failed');
      logger.warn('mfa_failed', { reason, user_id: userId, session_ended: sessionEnded, ip });
      if (lockedMs > 0) logger.warn('login_locked', { user_id: userId, locked_ms: lockedMs, ip });
      throw new HttpError('invalid_credentials');
    }
  }
}

async function judge(
  { clock }: AccessDeps,
  tx: Tx,
  current: CurrentSession,
  code: string,
  caller: Caller,
): Promise<Outcome> {
  const user = await lockUser(tx, current.userId);
  if (user === null || !(await sessionStands(tx, current.tokenHash, current.stage))) {
    return { kind: 'session_gone' };
  }
  const enrolling = current.stage !== 'challenge';
  const secret = secretToProve(user, enrolling);
  if (secret === null) return { kind: 'nothing_to_verify' };
  const nowMs = clock.now();
  if (isLocked(user, nowMs)) return { kind: 'locked' };
  const step = stepOfCode(secret, code, nowMs);
  if (step === null) {
    const lockedMs = await countFailure(tx, user, nowMs);
    return { kind: 'wrong_code', lockedMs, sessionEnded: await countInSession(tx, current) };
  }
  if (!(await useStep(tx, user.id, step))) {
    return { kind: 'used_code', lockedMs: 0, sessionEnded: await countInSession(tx, current) };
  }
  await forgetFailures(tx, user);
  if (enrolling) {
    await confirmPendingSecret(tx, user.id, new Date(nowMs));
    // Whoever else has signed in with the password alone starts again, now with MFA.
    await deleteSessionsOfUser(tx, user.id);
    await recordAccess(tx, user, caller, 'access.mfa_enrol', { mfa_enrolled: changed(false, true) });
  } else {
    await deleteSession(tx, current.tokenHash);
    await recordAccess(tx, user, caller, 'access.sign_in');
  }
  const { expiresAt } = current;
  const session = await openSession(tx, { user, stage: 'full', caller, nowMs, expiresAt });
  return { kind: 'verified', session, enrolled: enrolling };
}

function secretToProve(user: User, enrolling: boolean): string | null {
  if (!enrolling) return user.totpSecret;
  return user.totpSecret === null ? user.totpPendingSecret : null;
}

/** Whether the session had its last try and was ended. */
async function countInSession(tx: Tx, { tokenHash }: CurrentSession): Promise<boolean> {
  if ((await countBadCode(tx, tokenHash)) < MAX_BAD_CODES) return false;
  await deleteSession(tx, tokenHash);
  return true;
}
