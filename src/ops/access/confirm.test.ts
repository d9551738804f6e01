import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccessServer, useAccessServer } from '../../../test/helpers/access-server.ts';
import { codeAt, makeUser, sessionFor, signIn, type TestUser } from '../../../test/helpers/access.ts';
import type { TestDatabase } from '../../../test/helpers/postgres.ts';

const ASKED = { error: 'Confirm with your password and code' };
const REFUSED = { error: 'Invalid credentials' };
const MINUTE_MS = 60_000;

let database: TestDatabase;
let server: AccessServer;
useAccessServer((made) => ({ database, server } = made));

const session = (user: TestUser) => sessionFor(database.db, user, { clock: server.clock });
const confirm = (token: string, body: object) => server.call('POST', '/api/v1/auth/confirm', { token, body });
const dangerous = (token: string) => server.call('POST', '/probe/confirmed', { token });
const proofOf = (user: TestUser) => ({
  password: user.password,
  code: codeAt(user.totpSecret!, server.clock.now()),
});

test('a dangerous action waits for a confirmation, which holds for 10 minutes in that session alone', async () => {
  const user = await makeUser(database.db, 'operator');
  const [token, other] = [await session(user), await session(user)];
  const refused = await dangerous(token);
  assert.deepEqual([refused.status, refused.body], [403, ASKED]);
  const { status, body } = await confirm(token, proofOf(user));
  const until = new Date(server.clock.now() + 10 * MINUTE_MS).toISOString();
  assert.deepEqual([status, body], [200, { ok: true, confirmed_until: until }]);
  const me = await server.call('GET', '/api/v1/auth/me', { token });
  assert.equal(me.body.confirmed_until, until);
  assert.equal((await dangerous(other)).status, 403);
  server.clock.advance(10 * MINUTE_MS - 1);
  assert.equal((await dangerous(token)).status, 200);
  server.clock.advance(1);
  assert.deepEqual((await dangerous(token)).body, ASKED);
  assert.equal((await server.call('GET', '/api/v1/auth/me', { token })).body.confirmed_until, null);
});

test('to sign in is to confirm, counted from the password', async () => {
  const user = await makeUser(database.db, 'admin');
  assert.equal((await dangerous(await signIn(server.app, user, server.clock))).status, 200);
  server.clock.advance(MINUTE_MS);
  const { email, password } = user;
  const login = await server.call('POST', '/api/v1/auth/login', { body: { email, password } });
  server.clock.advance(9 * MINUTE_MS);
  const { code } = proofOf(user);
  const late = await server.call('POST', '/api/v1/auth/mfa/verify', {
    token: String(login.body.token),
    body: { code },
  });
  server.clock.advance(MINUTE_MS);
  assert.deepEqual((await dangerous(String(late.body.token))).body, ASKED);
});

test('takes both the password and a code that was not used', async () => {
  const user = await makeUser(database.db, 'admin');
  const token = await session(user);
  const { password, code } = proofOf(user);
  const wrong = codeAt(user.totpSecret!, server.clock.now() - 3_600_000);
  for (const body of [{ password }, { password, code: wrong }, { password: 'another pass phrase', code }]) {
    assert.deepEqual((await confirm(token, body)).body, REFUSED);
  }
  assert.equal((await confirm(token, { password, code })).status, 200);
  assert.deepEqual((await confirm(token, { password, code })).body, REFUSED, 'used');
});

test('a provider without MFA confirms by the password, and sets up MFA only then', async () => {
  const user = await makeUser(database.db, 'provider');
  const token = await session(user);
  const enroll = () => server.call('POST', '/api/v1/auth/mfa/enroll', { token });
  assert.deepEqual((await enroll()).body, ASKED);
  assert.equal((await confirm(token, { password: 'another pass phrase' })).status, 401);
  assert.equal((await confirm(token, { password: user.password })).status, 200);
  assert.equal((await enroll()).status, 200);
});

test('guesses lock the account as those of a sign-in do, and end the session', async () => {
  const user = await makeUser(database.db, 'admin');
  const [token, other] = [await session(user), await session(user)];
  const wrong = { ...proofOf(user), password: 'another pass phrase' };
  const answers = await Promise.all(Array.from({ length: 8 }, () => confirm(token, wrong)));
  assert.equal(answers.filter(({ status }) => status !== 401).length, 0);
  assert.deepEqual((await confirm(token, proofOf(user))).body, { error: 'Authentication required' });
  assert.deepEqual((await confirm(other, proofOf(user))).body, REFUSED, 'locked, though it is right');
  server.clock.advance(MINUTE_MS);
  assert.equal((await confirm(other, proofOf(user))).status, 200);
});

test('another password takes the current one, and ends all other sessions', async () => {
  const user = await makeUser(database.db, 'viewer');
  const token = await sessionFor(database.db, user, { clock: server.clock, confirmed: true });
  const other = await sessionFor(database.db, user, { clock: server.clock, confirmed: true });
  const change = (by: string, current: string) =>
    server.call('POST', '/api/v1/auth/password', { token: by, body: { current, new: 'a new pass phrase' } });
  assert.deepEqual((await change(await session(user), user.password)).body, ASKED);
  assert.deepEqual((await change(token, 'another pass phrase')).body, REFUSED);
  assert.equal((await change(token, user.password)).status, 200);
  assert.equal((await dangerous(other)).status, 401);
  assert.equal((await dangerous(token)).status, 200, 'this session stays');
  const login = (password: string) =>
    server.call('POST', '/api/v1/auth/login', { body: { email: user.email, password } });
  assert.equal((await login(user.password)).status, 401);
  assert.equal((await login('a new pass phrase')).status, 200);
  const short = await server.call('POST', '/api/v1/auth/password', {
    token,
    body: { current: 'a new pass phrase', new: 'too short' },
  });
  assert.deepEqual((short.body.details as { field: string }[])[0]?.field, 'new');
});
