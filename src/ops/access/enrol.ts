import { HttpError } from '../../platform/http/errors.ts';
import { recordAccess } from './audit.ts';
import { writePendingSecret } from './store.ts';
import { newTotpSecret, otpauthUrl } from './totp.ts';
import type { AccessDeps, Caller, CurrentSession } from './types.ts';

/**
 * Hands out a fresh TOTP secret, which becomes the user's with the first code that proves it (verify.ts).
 * Until then it may be asked for again; the last one counts.
 * @throws HttpError `conflict` when the user has MFA already
 */
export async function enrol(
  { db }: AccessDeps,
  session: CurrentSession,
  caller: Caller,
): Promise<{ secret: string; otpauth_url: string }> {
  const secret = newTotpSecret();
  await db.transaction().execute(async (tx) => {
    if (!(await writePendingSecret(tx, session.userId, secret))) throw new HttpError('conflict');
    await recordAccess(tx, { id: session.userId, role: session.role }, caller, 'access.mfa_begin');
  });
  return { secret, otpauth_url: otpauthUrl(secret, session.email) };
}
