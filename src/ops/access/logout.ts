import { recordAccess } from './audit.ts';
import { deleteSession } from './session-store.ts';
import type { AccessDeps, Caller, CurrentSession } from './types.ts';

/** Ends the session: its token is worth nothing from now on. Other sessions of the user stay. */
export async function logout({ db }: AccessDeps, session: CurrentSession, caller: Caller): Promise<void> {
  await db.transaction().execute(async (tx) => {
    // Of several requests to end a session one ends it.
    if (!(await deleteSession(tx, session.tokenHash))) return;
    const { userId: id, role, stage } = session;
    await recordAccess(tx, { id, role }, caller, 'access.sign_out', { stage });
  });
  caller.logger.info('logged_out', { user_id: session.userId, ip: caller.ip });
}
