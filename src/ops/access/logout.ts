import { deleteSession } from './session-store.ts';
import type { AccessDeps, Caller, CurrentSession } from './types.ts';

/** Ends the session: its token is worth nothing from now on. Other sessions of the user stay. */
export async function logout({ db }: AccessDeps, session: CurrentSession, caller: Caller): Promise<void> {
  await deleteSession(db, session.tokenHash);
  caller.logger.info('logged_out', { user_id: session.userId, ip: caller.ip });
}
