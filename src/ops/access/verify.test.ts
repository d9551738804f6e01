import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { permissionsOf } from '../../../contract/access.ts';
import { type AccessServer, useAccessServer } from '../../../test/helpers/access-server.ts';
import { codeAt, makeUser, sessionFor, type TestUser } from '../../../test/helpers/access.ts';
import type { TestDatabase } from '../../../test/helpers/postgres.ts';

const REFUSED = { error: 'Invalid credentials' };
const NO_SESSION = { error: 'Authentication required' };

let database: TestDatabase;
let server: AccessServer;
useAccessServer((made) => ({ database, server } = made));

const verify = (token: string, code: string) =>
  server.call('POST', '/api/v1/auth/mfa/verify', { token, body: { code } });
const enroll = (token: string) => server.call('POST', '/api/v1/auth/mfa/enroll', { token });
const me = (token: string) => server.call('GET', '/api/v1/auth/me', { token });
const codeNow = (user: TestUser) => codeAt(user.totpSecret!, server.clock.now());
/** A code of another time: right for the secret, wrong for now. */
const wrongCode = (user: TestUser) => codeAt(user.totpSecret!, server.clock.now() + 3_600_000);

async function challenge(user: TestUser): Promise<string> {
  const { email, password } = user;
  const { body } = await server.call('POST', '/api/v1/auth/login', { body: { email, password } });
  assert.equal(body.stage, 'challenge');
  return String(body.token);
}

describe('a challenge', () => {
  test('is met by a code; the full session has a new token and the old one is worth nothing', async () => {
    const user = await makeUser(database.db, 'admin');
    const before = await challenge(user);
    const answer = await verify(before, codeNow(user));
    assert.equal(answer.status, 200);
    assert.deepEqual(Object.keys(answer.body), ['stage', 'token']);
    assert.equal(answer.body.stage, 'full');
    const token = String(answer.body.token);
    assert.notEqual(token, before);
    assert.deepEqual((await me(before)).body, NO_SESSION);
    assert.deepEqual((await me(token)).body, {
      id: user.id,
      email: user.email,
      role: 'admin',
      stage: 'full',
      mfa_enrolled: true,
      permissions: permissionsOf('admin'),
      expires_at: new Date(server.clock.now() + 12 * 3_600_000).toISOString(),
      confirmed_until: new Date(server.clock.now() + 600_000).toISOString(),
      recovery_codes_left: 0,
    });
  });

  test('accepts a code of one step before or after, and none beyond', async () => {
    for (const [offsetMs, status] of [
      [-60_000, 401],
      [-30_000, 200],
      [30_000, 200],
      [60_000, 401],
    ] as const) {
      const user = await makeUser(database.db, 'admin');
      const code = codeAt(user.totpSecret!, server.clock.now() + offsetMs);
      assert.equal((await verify(await challenge(user), code)).status, status, `${offsetMs}`);
    }
  });

  test('names the field of a code that is none', async () => {
    const user = await makeUser(database.db, 'admin');
    const token = await challenge(user);
    for (const body of [{ code: '12345' }, { code: 123456 }, { code: '12345a' }, {}]) {
      const answer = await server.call('POST', '/api/v1/auth/mfa/verify', { token, body });
      assert.equal(answer.status, 400);
      assert.equal((answer.body.details as { field: string }[])[0]?.field, 'code');
    }
  });
});

describe('a code works once', () => {
  test('not a second time in another session', async () => {
    const user = await makeUser(database.db, 'admin');
    const [one, two] = [await challenge(user), await challenge(user)];
    const code = codeNow(user);
    assert.equal((await verify(one, code)).status, 200);
    const replay = await verify(two, code);
    assert.equal(replay.status, 401);
    assert.deepEqual(replay.body, REFUSED);
    server.clock.advance(30_000);
    assert.equal((await verify(two, code)).status, 401, 'still inside the window, still used');
    assert.equal((await verify(two, codeNow(user))).status, 200);
  });

  test('nor does an earlier one, once a later one was used', async () => {
    const user = await makeUser(database.db, 'admin');
    const [one, two] = [await challenge(user), await challenge(user)];
    assert.equal((await verify(one, codeAt(user.totpSecret!, server.clock.now() + 30_000))).status, 200);
    assert.equal((await verify(two, codeNow(user))).status, 401);
  });

  test('however many requests bring it at once, in one session', async () => {
    const user = await makeUser(database.db, 'admin');
    const token = await challenge(user);
    const code = codeNow(user);
    const answers = await Promise.all(Array.from({ length: 20 }, () => verify(token, code)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 401).length, 19);
  });

  test('however many requests bring it at once, each in a session of its own', async () => {
    const user = await makeUser(database.db, 'admin');
    const sessions = await Promise.all(
      Array.from({ length: 20 }, () =>
        sessionFor(database.db, user, { stage: 'challenge', clock: server.clock }),
      ),
    );
    const code = codeNow(user);
    const answers = await Promise.all(sessions.map((token) => verify(token, code)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 401).length, 19);
    server.clock.advance(30_000);
    assert.equal(
      (await verify(await challenge(user), codeNow(user))).status,
      200,
      'a used code guesses nothing, so it locks nobody out',
    );
  });
});

describe('wrong codes', () => {
  test('lock the account as wrong passwords do, in every session it has', async () => {
    const user = await makeUser(database.db, 'admin');
    const [one, two] = [await challenge(user), await challenge(user)];
    for (let time = 0; time < 3; time += 1)
      assert.deepEqual((await verify(one, wrongCode(user))).body, REFUSED);
    for (let time = 0; time < 2; time += 1)
      assert.deepEqual((await verify(two, wrongCode(user))).body, REFUSED);
    assert.deepEqual((await verify(one, codeNow(user))).body, REFUSED, 'locked, though the code is right');
    server.clock.advance(60_000);
    assert.equal((await verify(one, codeNow(user))).status, 200);
  });

  test('end the session with the fifth', async () => {
    const user = await makeUser(database.db, 'admin');
    const token = await challenge(user);
    for (let time = 0; time < 5; time += 1)
      assert.deepEqual((await verify(token, wrongCode(user))).body, REFUSED);
    assert.deepEqual((await verify(token, codeNow(user))).body, NO_SESSION);
    server.clock.advance(60_000);
    assert.deepEqual((await verify(token, codeNow(user))).body, NO_SESSION);
  });

  test('are not guessed faster by many requests at once', async () => {
    const user = await makeUser(database.db, 'admin');
    const sessions = await Promise.all(
      Array.from({ length: 12 }, () =>
        sessionFor(database.db, user, { stage: 'challenge', clock: server.clock }),
      ),
    );
    await Promise.all(sessions.map((token) => verify(token, wrongCode(user))));
    const { rows } = await database.pool.query<{ failed_logins: number }>(
      'SELECT failed_logins FROM users WHERE id = $1',
      [user.id],
    );
    assert.equal(rows[0]?.failed_logins, 5);
  });
});

describe('enrolment', () => {
  test('gives a fresh secret, is confirmed by a code of it, and makes the session full', async () => {
    const user = await makeUser(database.db, 'admin', { mfa: false });
    const { email, password } = user;
    const login = await server.call('POST', '/api/v1/auth/login', { body: { email, password } });
    const token = String(login.body.token);
    const first = await enroll(token);
    assert.equal(first.status, 200);
    assert.deepEqual(Object.keys(first.body), ['secret', 'otpauth_url']);
    const second = await enroll(token);
    assert.notEqual(second.body.secret, first.body.secret);
    const url = new URL(String(second.body.otpauth_url));
    assert.equal(url.searchParams.get('secret'), second.body.secret);

    const stale = codeAt(String(first.body.secret), server.clock.now());
    assert.deepEqual((await verify(token, stale)).body, REFUSED, 'the last secret counts');
    const confirmed = await verify(token, codeAt(String(second.body.secret), server.clock.now()));
    assert.equal(confirmed.body.stage, 'full');
    assert.deepEqual((await me(token)).body, NO_SESSION);
    assert.equal((await me(String(confirmed.body.token))).body.mfa_enrolled, true);

    const next = await server.call('POST', '/api/v1/auth/login', { body: { email, password } });
    assert.equal(next.body.stage, 'challenge');
    server.clock.advance(30_000);
    const code = codeAt(String(second.body.secret), server.clock.now());
    assert.equal((await verify(String(next.body.token), code)).status, 200);
    for (const secret of [String(second.body.secret), String(first.body.secret), token, 'otpauth://']) {
      assert.equal(server.log.text().includes(secret), false);
    }
  });

  test("uses up the code that confirmed it, and ends the user's other sessions", async () => {
    const user = await makeUser(database.db, 'admin', { mfa: false });
    const [token, other] = await Promise.all([
      sessionFor(database.db, user, { stage: 'enrol', clock: server.clock }),
      sessionFor(database.db, user, { stage: 'enrol', clock: server.clock }),
    ]);
    const { body } = await enroll(token);
    const code = codeAt(String(body.secret), server.clock.now());
    assert.equal((await verify(token, code)).status, 200);
    assert.deepEqual((await me(other)).body, NO_SESSION);
    const { email, password } = user;
    const next = await server.call('POST', '/api/v1/auth/login', { body: { email, password } });
    assert.deepEqual((await verify(String(next.body.token), code)).body, REFUSED);
  });

  test('can be chosen by a provider; its session stays full, under a new token', async () => {
    const user = await makeUser(database.db, 'provider');
    const token = await sessionFor(database.db, user, { clock: server.clock, confirmed: true });
    const { body } = await enroll(token);
    const confirmed = await verify(token, codeAt(String(body.secret), server.clock.now()));
    assert.equal(confirmed.body.stage, 'full');
    assert.deepEqual((await me(token)).body, NO_SESSION);
    const access = { token: String(confirmed.body.token) };
    assert.equal((await server.call('GET', '/probe/provider', access)).status, 200);
    const { email, password } = user;
    const next = await server.call('POST', '/api/v1/auth/login', { body: { email, password } });
    assert.equal(next.body.stage, 'challenge');
  });

  test('is a conflict for whoever has MFA and has given the password alone, and leaves the secret alone', async () => {
    const user = await makeUser(database.db, 'admin');
    for (const stage of ['enrol', 'challenge'] as const) {
      const token = await sessionFor(database.db, user, { stage, clock: server.clock });
      const answer = await enroll(token);
      assert.equal(answer.status, 409);
      assert.deepEqual(answer.body, { error: 'Conflict' });
    }
    assert.equal((await verify(await challenge(user), codeNow(user))).status, 200);
  });

  test('anew takes a full session and a confirmation; the old secret counts until the new one is proved', async () => {
    const user = await makeUser(database.db, 'operator');
    const unconfirmed = await sessionFor(database.db, user, { clock: server.clock });
    assert.deepEqual((await enroll(unconfirmed)).body, { error: 'Confirm with your password and code' });
    const token = await sessionFor(database.db, user, { clock: server.clock, confirmed: true });
    const { body } = await enroll(token);
    assert.equal((await verify(await challenge(user), codeNow(user))).status, 200, 'the old one');
    server.clock.advance(60_000);
    // Who has the password alone can't slip in by proving a secret that waits.
    const enrolling = await sessionFor(database.db, user, { stage: 'enrol', clock: server.clock });
    const code = codeAt(String(body.secret), server.clock.now());
    assert.equal((await verify(enrolling, code)).status, 409);
    assert.equal((await verify(token, code)).status, 200);
    assert.deepEqual((await me(unconfirmed)).body, NO_SESSION, 'all other sessions end');
    server.clock.advance(60_000);
    assert.equal((await verify(await challenge(user), codeNow(user))).status, 401);
    const next = codeAt(String(body.secret), server.clock.now());
    assert.equal((await verify(await challenge(user), next)).status, 200);
  });

  test('can not be confirmed before it was asked for', async () => {
    const user = await makeUser(database.db, 'admin', { mfa: false });
    const token = await sessionFor(database.db, user, { stage: 'enrol', clock: server.clock });
    assert.equal((await verify(token, '123456')).status, 409);
  });

  test('of many confirmations at once one succeeds', async () => {
    const user = await makeUser(database.db, 'admin', { mfa: false });
    const token = await sessionFor(database.db, user, { stage: 'enrol', clock: server.clock });
    const { body } = await enroll(token);
    const code = codeAt(String(body.secret), server.clock.now());
    const answers = await Promise.all(Array.from({ length: 10 }, () => verify(token, code)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  });
});
