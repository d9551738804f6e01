import { HttpError } from '../../platform/http/errors.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { recordAccess } from './audit.ts';
import { openSession } from './sessions.ts';
import { adminExists, insertUser, lockFirstAdmin, setupTokenIsValid, useSetupToken } from './store.ts';
import { hashToken } from './tokens.ts';
import type { AccessDeps, Caller, OpenedSession } from './types.ts';

type Refusal = 'conflict' | 'invalid_credentials';

/**
 * Makes the first admin with the one-time token that the start printed, and signs it in at `enrol`.
 * Of several at once one succeeds.
 * @throws HttpError `conflict` once an admin exists, or when the address is taken; `invalid_credentials`
 *   for a token that is wrong, used or expired
 */
export async function setUp(
  deps: AccessDeps,
  request: { token: string; email: string; password: string },
  caller: Caller,
): Promise<OpenedSession> {
  const { db, clock } = deps;
  const tokenHash = hashToken(request.token);
  const nowMs = clock.now();
  const refuse = (reason: Refusal): HttpError => {
    caller.logger.warn('setup_refused', { reason, ip: caller.ip });
    return new HttpError(reason);
  };

  // Asked before the password is hashed: strangers must not make the server work.
  const refusal = await reasonToRefuse(db, tokenHash, nowMs);
  if (refusal !== null) throw refuse(refusal);
  const passwordHash = await deps.passwords.hash(request.password);

  const outcome = await db.transaction().execute(async (tx) => {
    await lockFirstAdmin(tx);
    const tooLate = await reasonToRefuse(tx, tokenHash, nowMs);
    if (tooLate !== null) return tooLate;
    const id = await insertUser(tx, { email: request.email, role: 'admin', passwordHash, mfa: null });
    if (id === null) return 'conflict';
    await useSetupToken(tx, tokenHash, new Date(nowMs));
    const user = { id, role: 'admin' } as const;
    await recordAccess(tx, user, caller, 'access.setup', { role: user.role });
    const session = await openSession(tx, { user, stage: 'enrol', caller, nowMs });
    return { id, session };
  });
  if (typeof outcome === 'string') throw refuse(outcome);
  caller.logger.info('setup_admin_created', { user_id: outcome.id, source: 'setup', ip: caller.ip });
  return outcome.session;
}

async function reasonToRefuse(db: Db, tokenHash: Buffer, nowMs: number): Promise<Refusal | null> {
  if (await adminExists(db)) return 'conflict';
  return (await setupTokenIsValid(db, tokenHash, new Date(nowMs))) ? null : 'invalid_credentials';
}
