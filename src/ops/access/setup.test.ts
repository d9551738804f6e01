import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type AccessServer, createAccessServer } from '../../../test/helpers/access-server.ts';
import { codeAt, makeUser, signIn } from '../../../test/helpers/access.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { ensureFirstAdmin } from './first-admin.ts';
import { newToken } from './tokens.ts';

const PASSWORD = 'a pass phrase of some length';

let database: TestDatabase;
let server: AccessServer;

beforeEach(async () => {
  database = await createTestDatabase();
  server = await createAccessServer({ db: database.db });
});
afterEach(async () => {
  await server.close();
  await database.drop();
});

const deps = () => ({ db: database.db, clock: server.clock, logger: server.log.logger });
const setUp = (token: string, email = 'ada@example.com', password = PASSWORD) =>
  server.call('POST', '/api/v1/setup', { body: { token, email, password } });

async function setupToken(): Promise<string> {
  const token = await ensureFirstAdmin(deps());
  assert.ok(token !== null);
  return token;
}

async function admins(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>('SELECT count(*)::int FROM users');
  return rows[0]?.count ?? -1;
}

describe('the first admin, by set-up', () => {
  test('is made with the token, signed in at enrolment, and reaches nothing before it has MFA', async () => {
    const token = await setupToken();
    const answer = await setUp(token);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.stage, 'enrol');
    const session = String(answer.body.token);
    assert.equal((await server.call('GET', '/probe/admin', { token: session })).status, 403);
    const { body } = await server.call('POST', '/api/v1/auth/mfa/enroll', { token: session });
    const verified = await server.call('POST', '/api/v1/auth/mfa/verify', {
      token: session,
      body: { code: codeAt(String(body.secret), server.clock.now()) },
    });
    const full = String(verified.body.token);
    assert.equal((await server.call('GET', '/probe/admin', { token: full })).status, 200);
    assert.equal(server.log.find('setup_admin_created').length, 1);
    for (const secret of [token, session, full, PASSWORD, 'ada@example.com', String(body.secret)]) {
      assert.equal(server.log.text().includes(secret), false, secret);
    }
  });

  test('is made once: afterwards every set-up is a conflict, with a good token or a bad one', async () => {
    const [one, two] = [await setupToken(), await setupToken()];
    assert.equal((await setUp(one)).status, 200);
    for (const token of [one, two, newToken(), 'nonsense']) {
      const answer = await setUp(token, 'eve@example.com');
      assert.equal(answer.status, 409);
      assert.deepEqual(answer.body, { error: 'Conflict' });
    }
    assert.equal(await admins(), 1);
  });

  test('is one, of many set-ups at the same moment with tokens of several processes', async () => {
    const tokens = [await setupToken(), await setupToken()];
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, each) => setUp(tokens[each % 2]!, `admin-${each}@example.com`)),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [
      200,
      ...Array.from({ length: 7 }, () => 409),
    ]);
    assert.equal(await admins(), 1);
  });

  test('is not made with a token that is wrong or older than a day', async () => {
    const token = await setupToken();
    const bad = await setUp(newToken());
    assert.equal(bad.status, 401);
    assert.deepEqual(bad.body, { error: 'Invalid credentials' });
    server.clock.advance(24 * 60 * 60_000);
    assert.equal((await setUp(token)).status, 401);
    assert.equal(await admins(), 0);
    assert.equal(server.log.find('setup_refused').length, 2);
  });

  test('may not take the address of a provider', async () => {
    const provider = await makeUser(database.db, 'provider');
    const token = await setupToken();
    assert.equal((await setUp(token, provider.email.toUpperCase())).status, 409);
    assert.equal((await setUp(token)).status, 200, 'the token was not used up');
  });

  test('needs a body whose every wrong field is named', async () => {
    const answer = await setUp('', 'ada', 'too short');
    assert.equal(answer.status, 400);
    const fields = (answer.body.details as { field: string }[]).map(({ field }) => field);
    assert.deepEqual(fields.sort(), ['email', 'password', 'token']);
    assert.equal(JSON.stringify(answer.body).includes('too short'), false);
  });
});

describe('the first admin, by configuration', () => {
  const admin = {
    email: 'ops@example.com',
    password: PASSWORD,
    totpSecret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  };

  test('is enrolled and can sign in with the given secret; no set-up token is made', async () => {
    assert.equal(await ensureFirstAdmin({ ...deps(), admin }), null);
    const token = await signIn(server.app, admin, server.clock);
    assert.equal((await server.call('GET', '/probe/admin', { token })).status, 200);
    assert.equal(server.log.text().includes(admin.totpSecret), false);
  });

  test('is made once by any number of processes that start together', async () => {
    await Promise.all(Array.from({ length: 8 }, () => ensureFirstAdmin({ ...deps(), admin })));
    assert.equal(await admins(), 1);
    assert.equal(server.log.find('setup_admin_created').length, 1);
  });

  test('keeps the password and secret it has when it is configured again with others', async () => {
    await ensureFirstAdmin({ ...deps(), admin });
    const other = { email: 'OPS@example.com', password: 'another pass phrase', totpSecret: 'A'.repeat(32) };
    assert.equal(await ensureFirstAdmin({ ...deps(), admin: other }), null);
    assert.equal(await admins(), 1);
    await signIn(server.app, admin, server.clock);
  });

  test('leaves a provider with its address a provider, and gives a set-up token instead', async () => {
    const provider = await makeUser(database.db, 'provider');
    const token = await ensureFirstAdmin({ ...deps(), admin: { ...admin, email: provider.email } });
    assert.match(String(token), /^[\w-]{43}$/);
  });
});
