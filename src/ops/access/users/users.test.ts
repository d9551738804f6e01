import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { userListResponse } from '../../../../contract/users.ts';
import { type AccessServer, createAccessServer } from '../../../../test/helpers/access-server.ts';
import { codeAt, makeUser, sessionFor, type TestUser } from '../../../../test/helpers/access.ts';
import { createTestDatabase, type TestDatabase } from '../../../../test/helpers/postgres.ts';

const PATH = '/api/v1/admin/users';
const CONFLICT = { error: 'Conflict' };
const reason = 'Asked for by the head of operations';
const PASSWORD = 'a pass phrase of some length';

let database: TestDatabase;
let server: AccessServer;
let admin: TestUser;
/** A confirmed session of the admin. */
let token: string;
before(async () => {
  database = await createTestDatabase();
  server = await createAccessServer({ db: database.db });
});
after(async () => {
  await server.close();
  await database.drop();
});
beforeEach(async () => {
  await database.pool.query('DELETE FROM users');
  admin = await makeUser(database.db, 'admin');
  token = await session(admin);
});

const session = (user: TestUser) => sessionFor(database.db, user, { clock: server.clock, confirmed: true });
const call = (method: 'POST' | 'PATCH', path: string, body: object) =>
  server.call(method, PATH + path, { token, body: { reason, ...body } });
const login = (email: string, password: string) =>
  server.call('POST', '/api/v1/auth/login', { body: { email, password } });
const statusOf = async (by: string) => (await server.call('GET', '/api/v1/auth/me', { token: by })).status;

describe('the list', () => {
  test('goes by address, page by page, of everybody, of staff or of one role', async () => {
    const { db } = database;
    const people = [admin];
    for (const role of ['viewer', 'operator', 'provider', 'provider'] as const) {
      people.push(await makeUser(db, role));
    }
    const emails = async (query: string) => {
      const seen: string[] = [];
      let next: string | null = '';
      while (next !== null) {
        const cursor: string = next === '' ? '' : `&cursor=${next}`;
        const { body } = await server.call('GET', `${PATH}?limit=2${query}${cursor}`, { token });
        const page = userListResponse.parse(body);
        seen.push(...page.users.map(({ email }) => email));
        next = page.next_cursor;
      }
      return seen;
    };
    const of = (roles: string[]) =>
      people
        .filter(({ role }) => roles.includes(role))
        .map(({ email }) => email)
        .sort();
    assert.deepEqual(await emails(''), of(['admin', 'viewer', 'operator', 'provider']));
    assert.deepEqual(await emails('&role=staff'), of(['admin', 'viewer', 'operator']));
    assert.deepEqual(await emails('&role=provider'), of(['provider']));
  });

  test('says who has MFA, who is locked out, who is disabled, and when somebody last signed in', async () => {
    const { pool } = database;
    const now = server.clock.now();
    await pool.query('UPDATE users SET last_sign_in_at = $1, locked_until = $2', [
      new Date(now - 60_000),
      new Date(now + 60_000),
    ]);
    const { body } = await server.call('GET', PATH, { token });
    const [me] = userListResponse.parse(body).users;
    assert.deepEqual(
      [me?.mfa_enrolled, me?.disabled_at, me?.last_sign_in_at, me?.locked_until],
      [true, null, new Date(now - 60_000).toISOString(), new Date(now + 60_000).toISOString()],
    );
    server.clock.advance(60_000);
    const later = userListResponse.parse((await server.call('GET', PATH, { token })).body);
    assert.equal(later.users[0]?.locked_until, null, 'that is over');
    assert.equal(JSON.stringify(later).includes('argon2'), false);
  });
});

describe('a new member of staff', () => {
  test('signs in with the password given, and must set up MFA first', async () => {
    const email = `new-${randomUUID()}@example.com`;
    const made = await call('POST', '', { email, role: 'operator', password: PASSWORD });
    assert.equal(made.status, 201);
    assert.equal((await login(email, PASSWORD)).body.stage, 'enrol');
    const again = await call('POST', '', { email: email.toUpperCase(), role: 'viewer', password: PASSWORD });
    assert.deepEqual([again.status, again.body], [409, CONFLICT]);
  });

  test('is no provider, and is made with a reason', async () => {
    const email = 'new@example.com';
    for (const [body, field] of [
      [{ email, role: 'provider', password: PASSWORD }, 'role'],
      [{ email, role: 'viewer', password: PASSWORD, reason: undefined }, 'reason'],
      [{ email, role: 'viewer', password: 'too short' }, 'password'],
    ] as const) {
      const answer = await call('POST', '', body);
      assert.equal((answer.body.details as { field: string }[])[0]?.field, field);
    }
  });
});

describe('a change', () => {
  test('of the role holds from the next request on', async () => {
    const operator = await makeUser(database.db, 'operator');
    const theirs = await session(operator);
    const probe = async () =>
      (await server.call('GET', '/probe/dead_letters.resolve', { token: theirs })).status;
    assert.equal(await probe(), 200);
    const { body } = await call('PATCH', `/${operator.id}`, { role: 'viewer' });
    assert.equal(body.role, 'viewer');
    assert.equal(await probe(), 403);
  });

  test('that disables ends sessions and API tokens at once and for good, and lets nobody sign in', async () => {
    const operator = await makeUser(database.db, 'operator');
    const theirs = await session(operator);
    const expires_at = new Date(server.clock.now() + 86_400_000).toISOString();
    const { body } = await server.call('POST', '/api/v1/admin/tokens', {
      token: theirs,
      body: { name: 'script', permissions: ['queues.view'], expires_at, reason },
    });
    const secret = String(body.secret);
    const probe = async () => (await server.call('GET', '/probe/queues.view', { token: secret })).status;
    assert.equal(await probe(), 200);
    await call('PATCH', `/${operator.id}`, { disabled: true });
    assert.deepEqual([await statusOf(theirs), await probe()], [401, 401]);
    const refused = await login(operator.email, operator.password);
    assert.deepEqual([refused.status, refused.body], [401, { error: 'Invalid credentials' }]);
    await call('PATCH', `/${operator.id}`, { disabled: false });
    assert.deepEqual([await statusOf(theirs), await probe()], [401, 401], 'what ended stays ended');
    assert.equal((await login(operator.email, operator.password)).status, 200);
  });

  test('of the password ends all sessions', async () => {
    const viewer = await makeUser(database.db, 'viewer');
    const theirs = await session(viewer);
    assert.equal((await call('PATCH', `/${viewer.id}`, { password: PASSWORD })).status, 200);
    assert.equal(await statusOf(theirs), 401);
    assert.equal((await login(viewer.email, viewer.password)).status, 401);
    assert.equal((await login(viewer.email, PASSWORD)).status, 200);
  });

  test('changes something, of somebody whom there is, and makes no staff of a provider', async () => {
    const provider = await makeUser(database.db, 'provider');
    assert.equal((await call('PATCH', `/${provider.id}`, {})).status, 400);
    assert.equal((await call('PATCH', `/${provider.id}`, { role: 'admin' })).status, 409);
    assert.equal((await call('PATCH', `/${provider.id}`, { disabled: true })).status, 200);
    assert.equal((await call('PATCH', `/${randomUUID()}`, { disabled: true })).status, 404);
  });
});

describe('the last admin who can sign in', () => {
  test('is neither disabled nor given another role', async () => {
    const other = await makeUser(database.db, 'admin');
    await call('PATCH', `/${other.id}`, { disabled: true });
    for (const change of [{ disabled: true }, { role: 'operator' }]) {
      const answer = await call('PATCH', `/${admin.id}`, change);
      assert.deepEqual([answer.status, answer.body], [409, CONFLICT]);
    }
    await call('PATCH', `/${other.id}`, { disabled: false });
    assert.equal((await call('PATCH', `/${admin.id}`, { role: 'operator' })).status, 200);
  });

  test('remains, when admins take each other’s role away at the same moment', async () => {
    const others = await Promise.all(Array.from({ length: 3 }, () => makeUser(database.db, 'admin')));
    const all = [admin, ...others];
    const sessions = await Promise.all(all.map(session));
    await Promise.all(
      all.map((_, n) =>
        server.call('PATCH', `${PATH}/${all[(n + 1) % all.length]!.id}`, {
          token: sessions[n]!,
          body: { role: 'viewer', reason },
        }),
      ),
    );
    const { rows } = await database.pool.query("SELECT 1 FROM users WHERE role = 'admin'");
    assert.equal(rows.length, 1);
  });
});

test('MFA that is reset ends the sessions and is set up anew at the next sign-in', async () => {
  const operator = await makeUser(database.db, 'operator');
  const theirs = await session(operator);
  const { body: made } = await server.call('POST', '/api/v1/auth/mfa/recovery-codes', { token: theirs });
  const { body } = await call('POST', `/${operator.id}/reset-mfa`, {});
  assert.equal(body.mfa_enrolled, false);
  assert.equal(await statusOf(theirs), 401);
  const next = await login(operator.email, operator.password);
  assert.equal(next.body.stage, 'enrol');
  const me = await server.call('GET', '/api/v1/auth/me', { token: String(next.body.token) });
  assert.equal(me.body.recovery_codes_left, 0);
  const verify = (code: string) =>
    server.call('POST', '/api/v1/auth/mfa/verify', { token: String(next.body.token), body: { code } });
  assert.equal((await verify(codeAt(operator.totpSecret!, server.clock.now()))).status, 409);
  assert.equal((await verify((made.recovery_codes as string[])[0]!)).status, 409);
  assert.equal((await call('POST', `/${randomUUID()}/reset-mfa`, {})).status, 404);
});

test('who is locked out is let in again by an admin, from every browser', async () => {
  const provider = await makeUser(database.db, 'provider');
  const first = await login(provider.email, provider.password);
  const device = /fmhl_device=[^;]+/.exec(String(first.headers['set-cookie']))![0];
  const from = (password: string, headers: Record<string, string>) =>
    server.call('POST', '/api/v1/auth/login', { body: { email: provider.email, password }, headers });
  for (const headers of [{ cookie: device }, {}] as Record<string, string>[]) {
    for (let time = 0; time < 5; time += 1) await from('a wrong pass phrase', headers);
    assert.equal((await from(provider.password, headers)).status, 401);
  }
  const { body } = await call('POST', `/${provider.id}/unlock`, {});
  assert.equal(body.locked_until, null);
  for (const headers of [{ cookie: device }, {}] as Record<string, string>[]) {
    assert.equal((await from(provider.password, headers)).status, 200);
  }
});

test('all of it is for admins in a session that was confirmed, but to look', async () => {
  const unconfirmed = await sessionFor(database.db, admin, { clock: server.clock });
  const operator = await session(await makeUser(database.db, 'operator'));
  const routes = [
    ['POST', ''],
    ['PATCH', `/${admin.id}`],
    ['POST', `/${admin.id}/reset-mfa`],
    ['POST', `/${admin.id}/unlock`],
  ] as const;
  for (const [method, path] of routes) {
    const as = (by: string) => server.call(method, PATH + path, { token: by, body: { reason } });
    assert.deepEqual((await as(unconfirmed)).body, { error: 'Confirm with your password and code' });
    assert.deepEqual((await as(operator)).body, { error: 'Insufficient permissions' });
  }
  assert.equal((await server.call('GET', PATH, { token: unconfirmed })).status, 200);
  assert.equal((await server.call('GET', PATH, { token: operator })).status, 403);
});
