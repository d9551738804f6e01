import { HttpError } from '../../platform/http/errors.ts';
import { recordAccess } from './audit.ts';
import { confirmedUntil } from './sessions.ts';
import { writePendingSecret } from './store.ts';
import { newTotpSecret, otpauthUrl } from './totp.ts';
import type { AccessDeps, Caller, CurrentSession } from './types.ts';

/**
 * Hands out a fresh TOTP secret, which becomes the user's with the first code that proves it (verify.ts).
 * Until then it may be asked for again; the last one counts. Who has signed in may change to another
 * authenticator so, after a confirmation.
 * @throws HttpError `conflict` when the user has MFA and has not given it; `confirmation_required` in a full
 *   session that was not confirmed lately
 */
export async function enrol(
  { db, clock }: AccessDeps,
  session: CurrentSession,
  caller: Caller,
): Promise<{ secret: string; otpauth_url: string }> {
  const replace = session.stage === 'full';
  if (replace && confirmedUntil(session, clock.now()) === null) throw new HttpError('confirmation_required');
  const secret = newTotpSecret();
  await db.transaction().execute(async (tx) => {
    if (!(await writePendingSecret(tx, session.userId, secret, { replace }))) throw new HttpError('conflict');
    await recordAccess(tx, { id: session.userId, role: session.role }, caller, 'access.mfa_begin');
  });
  return { secret, otpauth_url: otpauthUrl(secret, session.email) };
}
