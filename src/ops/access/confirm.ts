import { HttpError } from '../../platform/http/errors.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { countFailure, failuresOf, forgetFailures, isLocked } from './failures.ts';
import { judgeSecondFactor } from './second-factor.ts';
import { deleteSession, sessionStands, writeConfirmed } from './session-store.ts';
import { confirmationEnd } from './sessions.ts';
import { findUserById, lockUser, type User } from './store.ts';
import type { AccessDeps, Caller, CurrentSession } from './types.ts';

interface Proof {
  password: string;
  code?: string | undefined;
}

type Verdict =
  | { kind: 'confirmed' }
  | { kind: 'session_gone' }
  | { kind: 'wrong_password' | 'wrong_code' | 'used_code' | 'locked'; lockedMs: number };

/**
 * Asks for the password and, of who has MFA, a code once more; dangerous actions are then let through in this
 * session for 10 minutes. Wrong ones count toward the lock-out as at sign-in, and one that locks ends the
 * session too: whoever guesses there is not its user.
 * @returns until when
 * @throws HttpError `invalid_credentials`; `service_unavailable` when too many passwords wait to be checked
 */
export async function confirm(
  deps: AccessDeps,
  current: CurrentSession,
  proof: Proof,
  caller: Caller,
): Promise<Date> {
  const found = await findUserById(deps.db, current.userId);
  const matches = await deps.passwords.verify(found?.passwordHash ?? null, proof.password);
  const nowMs = deps.clock.now();
  // Returned, not thrown, so that the failures it counted are committed.
  const verdict = await deps.db.transaction().execute(async (tx): Promise<Verdict> => {
    const user = await lockUser(tx, current.userId);
    if (user === null || !(await sessionStands(tx, current.tokenHash, 'full')))
      return { kind: 'session_gone' };
    const right = matches && user.passwordHash === found?.passwordHash;
    return judge(tx, user, current, { right, code: proof.code, caller, nowMs });
  });

  const { logger, ip } = caller;
  const facts = { user_id: current.userId, ip };
  if (verdict.kind === 'session_gone') throw new HttpError('authentication_required');
  if (verdict.kind !== 'confirmed') {
    logger.warn('confirmation_failed', { ...facts, reason: verdict.kind });
    if (verdict.lockedMs > 0) logger.warn('login_locked', { ...facts, locked_ms: verdict.lockedMs });
    throw new HttpError('invalid_credentials');
  }
  logger.info('session_confirmed', facts);
  return confirmationEnd(nowMs);
}

interface Attempt {
  /** Whether the password is. */
  right: boolean;
  code: string | undefined;
  caller: Caller;
  nowMs: number;
}

async function judge(tx: Tx, user: User, current: CurrentSession, attempt: Attempt): Promise<Verdict> {
  const { caller, nowMs } = attempt;
  const failures = await failuresOf(tx, user, caller, nowMs);
  if (isLocked(failures, nowMs)) return { kind: 'locked', lockedMs: 0 };
  const wrong = attempt.right ? await judgeCode(tx, user, attempt) : 'wrong_password';
  if (wrong === 'used_code') return { kind: wrong, lockedMs: 0 };
  if (wrong !== null) {
    const lockedMs = await countFailure(tx, user, failures, nowMs);
    if (lockedMs > 0) await deleteSession(tx, current.tokenHash);
    return { kind: wrong, lockedMs };
  }
  await forgetFailures(tx, user, failures);
  await writeConfirmed(tx, current.id, new Date(nowMs));
  return { kind: 'confirmed' };
}

/** What is wrong with the code; null for nothing. */
async function judgeCode(
  tx: Tx,
  user: User,
  { code, nowMs }: Attempt,
): Promise<'wrong_code' | 'used_code' | null> {
  if (user.totpSecret === null) return null;
  if (code === undefined) return 'wrong_code';
  const verdict = await judgeSecondFactor(tx, user, user.totpSecret, code, nowMs);
  return verdict === 'wrong_code' || verdict === 'used_code' ? verdict : null;
}
