import { sql } from 'kysely';
import { hashToken } from '../../../src/ops/access/tokens.ts';
import type { Db } from '../../../src/platform/postgres/db.ts';
import { makeUser, sessionFor } from '../access.ts';
import { PLANTED_PASSWORD, type Requests } from './request.ts';

/** An admin with two sessions, the one that calls confirmed. */
async function withTwoSessions(db: Db) {
  const user = await makeUser(db, 'admin');
  const token = await sessionFor(db, user, { confirmed: true });
  await sessionFor(db, user);
  return { user, caller: { id: user.id, token }, target: { type: 'user', id: user.id } as const };
}

async function otherSessionOf(db: Db, { caller }: { caller: { token: string; id: string } }) {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM sessions WHERE user_id = ${caller.id} AND token_hash <> ${hashToken(caller.token)}`.execute(
    db,
  );
  return rows[0]?.id ?? '';
}

export const ACCOUNT_REQUESTS: Requests = {
  'DELETE /api/v1/auth/sessions/:id': async (db) => {
    const made = await withTwoSessions(db);
    const session = await otherSessionOf(db, made);
    return {
      caller: made.caller,
      params: [session],
      entry: () => ({ action: 'access.session_end', target: made.target, changes: { session } }),
      again: 404,
    };
  },
  'DELETE /api/v1/auth/sessions': async (db) => {
    const { caller, target } = await withTwoSessions(db);
    return {
      caller,
      entry: () => ({ action: 'access.session_end', target, changes: { sessions_ended: 1 } }),
      again: 200,
    };
  },
  'POST /api/v1/auth/password': async (db) => {
    const { user, caller, target } = await withTwoSessions(db);
    return {
      caller,
      body: { current: user.password, new: PLANTED_PASSWORD },
      entry: () => ({ action: 'access.password_change', target, changes: { sessions_ended: 1 } }),
      again: 401,
    };
  },
  'POST /api/v1/auth/mfa/recovery-codes': async (db) => {
    const { caller, target } = await withTwoSessions(db);
    return { caller, entry: () => ({ action: 'access.recovery_codes', target, changes: {} }) };
  },
};
