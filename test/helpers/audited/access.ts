import { sql } from 'kysely';
import { ensureFirstAdmin } from '../../../src/ops/access/first-admin.ts';
import { writePendingSecret } from '../../../src/ops/access/store.ts';
import { newTotpSecret } from '../../../src/ops/access/totp.ts';
import { systemClock } from '../../../src/platform/lifecycle/clock.ts';
import type { Db } from '../../../src/platform/postgres/db.ts';
import { codeAt, makeUser, sessionFor, type TestUser } from '../access.ts';
import { captureLog } from '../log.ts';
import { moved, PLANTED_EMAIL, PLANTED_PASSWORD, type Requests } from './request.ts';

async function signingIn(db: Db, user: TestUser, stage: 'enrol' | 'challenge' | 'full') {
  return { id: user.id, token: await sessionFor(db, user, { stage }) };
}

/** The set-up first: it needs a database without an admin. */
export const ACCESS_REQUESTS: Requests = {
  'POST /api/v1/setup': async (db) => {
    await sql`DELETE FROM users WHERE role = 'admin'`.execute(db);
    const token = await ensureFirstAdmin({ db, clock: systemClock, logger: captureLog().logger });
    return {
      body: { token, email: PLANTED_EMAIL, password: PLANTED_PASSWORD },
      entry: async () => {
        const { rows } = await sql<{
          id: string;
        }>`SELECT id FROM users WHERE email = ${PLANTED_EMAIL}`.execute(db);
        const id = rows[0]?.id ?? '';
        return {
          action: 'access.setup',
          target: { type: 'user', id },
          changes: { role: 'admin' },
          actorId: id,
        };
      },
      again: 409,
    };
  },
  'POST /api/v1/auth/mfa/enroll': async (db) => {
    const caller = await signingIn(db, await makeUser(db, 'admin', { mfa: false }), 'enrol');
    return {
      caller,
      entry: () => ({ action: 'access.mfa_begin', target: { type: 'user', id: caller.id }, changes: {} }),
    };
  },
  'POST /api/v1/auth/mfa/verify': async (db) => {
    const user = await makeUser(db, 'admin');
    const caller = await signingIn(db, user, 'challenge');
    return {
      caller,
      body: { code: codeAt(user.totpSecret ?? '', Date.now()) },
      entry: () => ({ action: 'access.sign_in', target: { type: 'user', id: caller.id }, changes: {} }),
      again: 401,
    };
  },
  'POST /api/v1/auth/mfa/verify (enrolment)': async (db) => {
    const user = await makeUser(db, 'admin', { mfa: false });
    const secret = newTotpSecret();
    await db.transaction().execute((tx) => writePendingSecret(tx, user.id, secret));
    const caller = await signingIn(db, user, 'enrol');
    return {
      caller,
      body: { code: codeAt(secret, Date.now()) },
      entry: () => ({
        action: 'access.mfa_enrol',
        target: { type: 'user', id: caller.id },
        changes: { mfa_enrolled: moved(false, true) },
      }),
      again: 401,
    };
  },
  'POST /api/v1/auth/logout': async (db) => {
    const caller = await signingIn(db, await makeUser(db, 'admin'), 'full');
    const target = { type: 'user', id: caller.id } as const;
    return {
      caller,
      entry: () => ({ action: 'access.sign_out', target, changes: { stage: 'full' } }),
      again: 401,
    };
  },
};
