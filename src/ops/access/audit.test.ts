import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { type AccessServer, type Answer, createAccessServer } from '../../../test/helpers/access-server.ts';
import { codeAt, makeUser, signIn } from '../../../test/helpers/access.ts';
import { auditOf } from '../../../test/helpers/audit.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { waitingSessions } from '../../../test/helpers/locks.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import type { EntryRow } from '../audit/store.ts';
import { ensureFirstAdmin } from './first-admin.ts';

const EMAIL = 'ada@example.com';
const PASSWORD = 'a pass phrase of some length';

let database: TestDatabase;
let server: AccessServer;
before(async () => {
  database = await createTestDatabase();
  server = await createAccessServer({ db: database.db, trustProxy: ['127.0.0.1'] });
});
after(async () => {
  await server.close();
  await database.drop();
});

/** Calls from an address of its own, and answers with what was recorded. */
async function call(
  path: string,
  options: { token?: string; body?: object },
): Promise<{ answer: Answer; entries: EntryRow[] }> {
  const correlation = randomUUID();
  const headers = {
    'x-correlation-id': correlation,
    'x-forwarded-for': '203.0.113.80',
    'user-agent': 'Firefox',
  };
  const answer = await server.call('POST', `/api/v1${path}`, { ...options, headers });
  return { answer, entries: await auditOf(database.db, correlation) };
}

const everything = async (): Promise<EntryRow[]> =>
  (await sql<EntryRow>`SELECT * FROM audit_log ORDER BY id`.execute(database.db)).rows;

/** What an admin does to its own access, as one entry. */
function isEntry(entries: EntryRow[], id: string, action: string, changes: object): void {
  assert.equal(entries.length, 1, action);
  const { actor_id, actor_role, target_type, target_id, ip, user_agent, ...entry } = entries[0]!;
  assert.deepEqual(
    { actor_id, actor_role, target_type, target_id, ip, user_agent },
    {
      actor_id: id,
      actor_role: 'admin',
      target_type: 'user',
      target_id: id,
      ip: '203.0.113.80',
      user_agent: 'Firefox',
    },
  );
  assert.deepEqual([entry.action, entry.changes], [action, changes]);
}

describe('of access is recorded', () => {
  test('what an admin does, from the first set-up to the sign-out, without a secret in it', async () => {
    const { db } = database;
    const setupToken = await ensureFirstAdmin({ db, clock: server.clock, logger: server.log.logger });
    const setup = await call('/setup', { body: { token: setupToken, email: EMAIL, password: PASSWORD } });
    const enrolling = String(setup.answer.body.token);
    const { rows } = await sql<{ id: string }>`SELECT id FROM users`.execute(db);
    const id = rows[0]!.id;
    isEntry(setup.entries, id, 'access.setup', { role: 'admin' });

    const begun = await call('/auth/mfa/enroll', { token: enrolling });
    isEntry(begun.entries, id, 'access.mfa_begin', {});
    const secret = String(begun.answer.body.secret);
    const code = codeAt(secret, server.clock.now());
    const enrolled = await call('/auth/mfa/verify', { token: enrolling, body: { code } });
    isEntry(enrolled.entries, id, 'access.mfa_enrol', { mfa_enrolled: { before: false, after: true } });
    const full = String(enrolled.answer.body.token);
    isEntry((await call('/auth/logout', { token: full })).entries, id, 'access.sign_out', { stage: 'full' });

    server.clock.advance(60_000);
    const password = await call('/auth/login', { body: { email: EMAIL, password: PASSWORD } });
    assert.deepEqual(password.entries, [], 'the password alone signs no admin in');
    const token = String(password.answer.body.token);
    const second = codeAt(secret, server.clock.now());
    const signedIn = await call('/auth/mfa/verify', { token, body: { code: second } });
    isEntry(signedIn.entries, id, 'access.sign_in', {});

    const log = JSON.stringify(await everything());
    for (const planted of [EMAIL, PASSWORD, setupToken!, secret, enrolling, full, token]) {
      assert.equal(log.includes(planted), false, planted);
    }
  });

  test('one sign-out, when several requests end a session at once', async () => {
    const user = await makeUser(database.db, 'admin', { clock: server.clock });
    const token = await signIn(server.app, user, server.clock);
    const answers = await database.db.transaction().execute(async (tx) => {
      await sql`SELECT 1 FROM sessions WHERE user_id = ${user.id} FOR UPDATE`.execute(tx);
      const calls = Array.from({ length: 3 }, () => call('/auth/logout', { token }));
      await eventually(async () => (await waitingSessions(database.db)) === 3);
      return calls;
    });
    for (const { answer } of await Promise.all(answers)) assert.equal(answer.status, 200);
    const entries = (await everything()).filter(({ actor_id }) => actor_id === user.id);
    assert.deepEqual(
      entries.map(({ action }) => action),
      ['access.sign_in', 'access.sign_out'],
    );
  });

  test('nothing that was refused', async () => {
    const user = await makeUser(database.db, 'admin', { clock: server.clock });
    const { email, password } = user;
    const wrong = await call('/auth/login', { body: { email, password: 'a wrong pass phrase' } });
    assert.deepEqual([wrong.answer.status, wrong.entries], [401, []]);
    const first = await call('/auth/login', { body: { email, password } });
    const token = String(first.answer.body.token);
    const code = codeAt(user.totpSecret!, server.clock.now() - 3_600_000);
    const badCode = await call('/auth/mfa/verify', { token, body: { code } });
    assert.deepEqual([badCode.answer.status, badCode.entries], [401, []]);
    const again = await call('/auth/mfa/enroll', { token });
    assert.deepEqual([again.answer.status, again.entries], [409, []]);
    const setup = await call('/setup', { body: { token: 'x', email, password } });
    assert.deepEqual([setup.answer.status, setup.entries], [409, []]);
  });

  test('nothing that a provider does', async () => {
    const user = await makeUser(database.db, 'provider', { clock: server.clock });
    const token = await signIn(server.app, user, server.clock);
    const begun = await call('/auth/mfa/enroll', { token });
    const code = codeAt(String(begun.answer.body.secret), server.clock.now());
    const enrolled = await call('/auth/mfa/verify', { token, body: { code } });
    const out = await call('/auth/logout', { token: String(enrolled.answer.body.token) });
    for (const { answer, entries } of [begun, enrolled, out]) {
      assert.deepEqual([answer.status, entries], [200, []]);
    }
  });
});
