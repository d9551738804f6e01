import type { SessionStage } from '../../../contract/auth.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { changed } from '../audit/record.ts';
import { recordAccess } from './audit.ts';
import { rememberDevice } from './devices.ts';
import { countFailure, type Failures, failuresOf, forgetFailures, isLocked } from './failures.ts';
import { countRecoveryCodes, makeRecoveryCodes } from './recovery-codes.ts';
import { judgeSecondFactor, judgeTotp } from './second-factor.ts';
import { countBadCode, deleteSession, deleteSessionsOfUser, sessionStands } from './session-store.ts';
import { openSession } from './sessions.ts';
import { confirmPendingSecret, lockUser, type User, writeSignIn } from './store.ts';
import type { AccessDeps, Caller, CurrentSession, OpenedSession } from './types.ts';

/** Wrong codes after which a session is ended; the next try starts at the password. */
const MAX_BAD_CODES = 5;

interface VerifiedSession extends OpenedSession {
  /** After a new secret was confirmed; shown this once. */
  recoveryCodes?: string[];
}

type Outcome =
  | { kind: 'verified'; session: VerifiedSession; enrolled: boolean }
  | { kind: 'session_gone' | 'nothing_to_verify' | 'locked' }
  | { kind: 'wrong_code' | 'used_code'; lockedMs: number; sessionEnded: boolean };

/**
 * The second step of signing in: a TOTP code or a recovery code. At `challenge` it is checked against what the
 * user has; at `enrol`, and in a full session that sets up MFA (anew), a TOTP code is checked against the
 * pending secret, which it confirms. Either way the session is replaced by a full one with a new token.
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
): Promise<VerifiedSession> {
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
  const secret = secretToProve(user, current.stage);
  if (secret === null) return { kind: 'nothing_to_verify' };
  const nowMs = clock.now();
  const failures = await failuresOf(tx, user, caller, nowMs);
  if (isLocked(failures, nowMs)) return { kind: 'locked' };
  // A new secret is proved by a code of its own: a recovery code says nothing about it.
  const verdict = await (enrolling ? judgeTotp : judgeSecondFactor)(tx, user, secret, code, nowMs);
  if (verdict === 'wrong_code' || verdict === 'used_code') {
    const lockedMs = verdict === 'wrong_code' ? await countFailure(tx, user, failures, nowMs) : 0;
    return { kind: verdict, lockedMs, sessionEnded: await countInSession(tx, current) };
  }
  await forgetFailures(tx, user, failures);
  const proved = { user, caller, nowMs, failures };
  const session = enrolling
    ? await enrolled(tx, current, proved)
    : await signedIn(tx, current, { ...proved, byRecoveryCode: verdict === 'recovery_code' });
  return { kind: 'verified', session, enrolled: enrolling };
}

function secretToProve(user: User, stage: SessionStage): string | null {
  if (stage === 'challenge') return user.totpSecret;
  // Who has given the password alone sets MFA up, and never anew.
  return stage === 'full' || user.totpSecret === null ? user.totpPendingSecret : null;
}

interface Proved {
  user: User;
  caller: Caller;
  nowMs: number;
  failures: Failures;
}

/** The pending secret was proved: it is the user's, and all sessions but a new one end. */
async function enrolled(tx: Tx, current: CurrentSession, proved: Proved): Promise<VerifiedSession> {
  const { user, caller, nowMs } = proved;
  await confirmPendingSecret(tx, user.id, new Date(nowMs));
  // Whoever else has signed in with the password alone, or with the secret before, starts again.
  await deleteSessionsOfUser(tx, user.id);
  const recoveryCodes = await makeRecoveryCodes(tx, user.id);
  const changes = { mfa_enrolled: changed(user.totpSecret !== null, true) };
  await recordAccess(tx, user, caller, 'access.mfa_enrol', changes);
  return { ...(await openFull(tx, current, proved)), recoveryCodes };
}

async function signedIn(
  tx: Tx,
  current: CurrentSession,
  { byRecoveryCode, ...proved }: Proved & { byRecoveryCode: boolean },
): Promise<VerifiedSession> {
  await deleteSession(tx, current.tokenHash);
  const left = byRecoveryCode ? await countRecoveryCodes(tx, proved.user.id) : null;
  const changes = left === null ? {} : { codes_left: changed(left + 1, left) };
  await recordAccess(tx, proved.user, proved.caller, 'access.sign_in', changes);
  return openFull(tx, current, proved);
}

async function openFull(
  tx: Tx,
  current: CurrentSession,
  { user, caller, nowMs, failures }: Proved,
): Promise<OpenedSession> {
  await writeSignIn(tx, user.id, new Date(nowMs));
  const newDevice = await rememberDevice(tx, user.id, failures.device, nowMs);
  const { expiresAt } = current;
  // The password was given when the session began; in a full one, when it was last confirmed.
  const confirmedAt = current.stage === 'full' ? current.confirmedAt : current.createdAt;
  const session = await openSession(tx, { user, stage: 'full', caller, nowMs, expiresAt, confirmedAt });
  return { ...session, newDevice };
}

/** Whether the session had its last try and was ended. */
async function countInSession(tx: Tx, { tokenHash }: CurrentSession): Promise<boolean> {
  if ((await countBadCode(tx, tokenHash)) < MAX_BAD_CODES) return false;
  await deleteSession(tx, tokenHash);
  return true;
}
