import { HttpError } from '../../platform/http/errors.ts';
import { recordAccess } from './audit.ts';
import { makeRecoveryCodes } from './recovery-codes.ts';
import { lockUser } from './store.ts';
import type { AccessDeps, Caller, CurrentSession } from './types.ts';

/**
 * New recovery codes, to be shown once; those before are worth nothing from now on.
 * @throws HttpError `conflict` for a user without MFA
 */
export async function renewRecoveryCodes(
  { db }: AccessDeps,
  session: CurrentSession,
  caller: Caller,
): Promise<string[]> {
  const codes = await db.transaction().execute(async (tx) => {
    const user = await lockUser(tx, session.userId);
    if (user === null || user.totpSecret === null) throw new HttpError('conflict');
    await recordAccess(tx, user, caller, 'access.recovery_codes');
    return makeRecoveryCodes(tx, user.id);
  });
  caller.logger.info('recovery_codes_made', { user_id: session.userId, ip: caller.ip });
  return codes;
}
