import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccessServer, useAccessServer } from '../../../test/helpers/access-server.ts';
import { codeAt, makeUser, sessionFor, type TestUser } from '../../../test/helpers/access.ts';
import type { TestDatabase } from '../../../test/helpers/postgres.ts';

let database: TestDatabase;
let server: AccessServer;
useAccessServer((made) => ({ database, server } = made));

const verify = (token: string, code: string) =>
  server.call('POST', '/api/v1/auth/mfa/verify', { token, body: { code } });
const challenge = (user: TestUser) =>
  sessionFor(database.db, user, { stage: 'challenge', clock: server.clock });
const codesLeft = async (token: string) =>
  (await server.call('GET', '/api/v1/auth/me', { token })).body.recovery_codes_left;
const renew = (token: string) => server.call('POST', '/api/v1/auth/mfa/recovery-codes', { token });

/** A user who has just set up MFA. */
async function enrolledUser() {
  const user = await makeUser(database.db, 'operator', { mfa: false });
  const token = await sessionFor(database.db, user, { stage: 'enrol', clock: server.clock });
  const { body } = await server.call('POST', '/api/v1/auth/mfa/enroll', { token });
  const answer = await verify(token, codeAt(String(body.secret), server.clock.now()));
  return { user, token: String(answer.body.token), codes: answer.body.recovery_codes as string[] };
}

test('ten codes come with the confirmation of MFA, and are stored as hashes alone', async () => {
  const { token, codes } = await enrolledUser();
  assert.equal(codes.length, 10);
  assert.equal(new Set(codes).size, 10);
  for (const code of codes) assert.match(code, /^([a-z2-7]{4}-){3}[a-z2-7]{4}$/);
  assert.equal(await codesLeft(token), 10);
  const { rows } = await database.pool.query<{ row: string }>('SELECT c::text AS row FROM recovery_codes c');
  const stored = rows.map(({ row }) => row).join();
  const inHex = (text: string) => Buffer.from(text).toString('hex');
  for (const code of codes) {
    for (const form of [code, code.replaceAll('-', '')]) {
      assert.equal(stored.includes(form) || stored.includes(inHex(form)), false);
      assert.equal(server.log.text().includes(form), false);
    }
  }
});

test('a code signs in once, however it is written and however many requests bring it', async () => {
  const { user, codes } = await enrolledUser();
  const written = ` ${codes[0]!.toUpperCase().replaceAll('-', ' ').replaceAll('O', '0').replaceAll('L', '1')}`;
  const tokens = await Promise.all(Array.from({ length: 5 }, () => challenge(user)));
  const answers = await Promise.all(tokens.map((token) => verify(token, written)));
  const passed = answers.filter(({ status }) => status === 200);
  assert.equal(passed.length, 1);
  assert.equal(passed[0]!.body.stage, 'full');
  assert.equal(passed[0]!.body.recovery_codes, undefined, 'those that are left stay');
  assert.equal(await codesLeft(String(passed[0]!.body.token)), 9);
});

test('a wrong code counts toward the lock-out as a wrong TOTP code does', async () => {
  const { user, codes } = await enrolledUser();
  for (let time = 0; time < 5; time += 1) {
    const answer = await verify(await challenge(user), 'aaaa-bbbb-cccc-dddd');
    assert.deepEqual(answer.body, { error: 'Invalid credentials' });
  }
  assert.equal((await verify(await challenge(user), codes[0]!)).status, 401, 'locked, though it is right');
  server.clock.advance(60_000);
  assert.equal((await verify(await challenge(user), codes[0]!)).status, 200);
});

test("a code is its user's alone, and proves no new secret", async () => {
  const one = await enrolledUser();
  const other = await enrolledUser();
  assert.equal((await verify(await challenge(other.user), one.codes[0]!)).status, 401);
  await server.call('POST', '/api/v1/auth/mfa/enroll', { token: one.token });
  assert.equal((await verify(one.token, one.codes[0]!)).status, 401);
});

test('new codes take a confirmation and make the old ones worthless; without MFA there are none', async () => {
  const { user, codes } = await enrolledUser();
  const unconfirmed = await sessionFor(database.db, user, { clock: server.clock });
  assert.equal((await renew(unconfirmed)).status, 403);
  const token = await sessionFor(database.db, user, { clock: server.clock, confirmed: true });
  const { body } = await renew(token);
  const renewed = body.recovery_codes as string[];
  assert.equal(renewed.length, 10);
  assert.equal(await codesLeft(token), 10);
  assert.equal((await verify(await challenge(user), codes[1]!)).status, 401);
  assert.equal((await verify(await challenge(user), renewed[1]!)).status, 200);

  const provider = await makeUser(database.db, 'provider');
  const full = await sessionFor(database.db, provider, { clock: server.clock, confirmed: true });
  assert.equal((await renew(full)).status, 409);
});
