import type { SessionStage } from '../../../contract/auth.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { rememberDevice } from './devices.ts';
import { countFailure, type Failures, failuresOf, forgetFailures, isLocked } from './failures.ts';
import { openSession } from './sessions.ts';
import { findUserByEmail, lockUser, type User, writeSignIn } from './store.ts';
import type { AccessDeps, Caller, OpenedSession } from './types.ts';

type Refusal = 'unknown_user' | 'locked' | 'wrong_password' | 'disabled';
type Outcome =
  | { refused: null; user: User; session: OpenedSession }
  | { refused: Refusal; user: User | null; lockedMs: number };

/**
 * The first step of signing in. The session it opens is `enrol` for staff without MFA, `challenge` for
 * anybody with MFA, `full` for a provider without.
 *
 * An unknown address, a wrong password, a locked and a disabled account get one answer after about the same work.
 * Only a full session ends the row of failures: who knows the password must not buy more guesses of the
 * code with it.
 * @throws HttpError `invalid_credentials`; `service_unavailable` when too many passwords wait to be checked
 */
export async function login(
  deps: AccessDeps,
  credentials: { email: string; password: string },
  caller: Caller,
): Promise<OpenedSession> {
  const found = await findUserByEmail(deps.db, credentials.email);
  const matches = await deps.passwords.verify(found?.passwordHash ?? null, credentials.password);
  const outcome = await judge(deps, found, matches, caller);
  const { logger, ip } = caller;
  if (outcome.refused !== null) {
    const { refused, user, lockedMs } = outcome;
    deps.onSignIn(refused === 'locked' ? 'locked' : 'failed');
    logger.warn('login_failed', { reason: refused, user_id: user?.id ?? null, ip });
    if (lockedMs > 0) logger.warn('login_locked', { user_id: user?.id, locked_ms: lockedMs, ip });
    throw new HttpError('invalid_credentials');
  }
  const { user, session } = outcome;
  deps.onSignIn(session.stage === 'full' ? 'succeeded' : 'challenged');
  logger.info('login_succeeded', { user_id: user.id, user_role: user.role, stage: session.stage, ip });
  return session;
}

/** Decides under the user's lock: of many guesses made at once only those before the lock-out learn anything. */
async function judge(
  { db, clock }: AccessDeps,
  found: User | null,
  matches: boolean,
  caller: Caller,
): Promise<Outcome> {
  if (found === null) return { refused: 'unknown_user', user: null, lockedMs: 0 };
  return db.transaction().execute(async (tx): Promise<Outcome> => {
    const user = await lockUser(tx, found.id);
    if (user === null) return { refused: 'unknown_user', user: null, lockedMs: 0 };
    const nowMs = clock.now();
    const failures = await failuresOf(tx, user, caller, nowMs);
    if (isLocked(failures, nowMs)) return { refused: 'locked', user, lockedMs: 0 };
    // The password that was checked may have been changed since.
    if (!matches || user.passwordHash !== found.passwordHash) {
      return { refused: 'wrong_password', user, lockedMs: await countFailure(tx, user, failures, nowMs) };
    }
    if (user.disabledAt !== null) return { refused: 'disabled', user, lockedMs: 0 };
    return { refused: null, user, session: await open(tx, user, caller, { failures, nowMs }) };
  });
}

async function open(
  tx: Tx,
  user: User,
  caller: Caller,
  { failures, nowMs }: { failures: Failures; nowMs: number },
): Promise<OpenedSession> {
  const stage = stageAfterPassword(user);
  if (stage !== 'full') return openSession(tx, { user, stage, caller, nowMs });
  await forgetFailures(tx, user, failures);
  await writeSignIn(tx, user.id, new Date(nowMs));
  const newDevice = await rememberDevice(tx, user.id, failures.device, nowMs);
  const session = await openSession(tx, { user, stage, caller, nowMs, confirmedAt: new Date(nowMs) });
  return { ...session, newDevice };
}

function stageAfterPassword(user: User): SessionStage {
  if (user.totpSecret !== null) return 'challenge';
  return user.role === 'provider' ? 'full' : 'enrol';
}
