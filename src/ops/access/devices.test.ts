import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AccessServer, useAccessServer } from '../../../test/helpers/access-server.ts';
import { codeAt, makeUser, type TestUser } from '../../../test/helpers/access.ts';
import type { TestDatabase } from '../../../test/helpers/postgres.ts';
import { removeExpiredSessions } from './clean-up.ts';
import { newToken } from './tokens.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

let database: TestDatabase;
let server: AccessServer;
useAccessServer((made) => ({ database, server } = made));

/** `device`: the cookie of the browser that asks. */
function login(user: TestUser, { password = user.password, device }: { password?: string; device?: string }) {
  const headers = device === undefined ? {} : { cookie: `fmhl_device=${device}` };
  return server.call('POST', '/api/v1/auth/login', { body: { email: user.email, password }, headers });
}

async function guess(user: TestUser, times: number, device?: string): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await login(user, { password: 'a wrong pass phrase', ...(device === undefined ? {} : { device }) });
  }
}

const cookieOf = (headers: Record<string, unknown>) =>
  [headers['set-cookie']]
    .flat()
    .map(String)
    .find((text) => text.startsWith('fmhl_device='));

/** Signs a provider in with a new browser. */
async function knownBrowser(user: TestUser): Promise<string> {
  const { headers } = await login(user, {});
  const device = /^fmhl_device=([^;]+)/.exec(cookieOf(headers) ?? '')?.[1];
  assert.ok(device, 'a full sign-in gives the cookie');
  return device;
}

describe('a stranger who guesses on and on', () => {
  test('locks strangers out, and not the browser that the user has signed in with', async () => {
    const user = await makeUser(database.db, 'provider');
    const device = await knownBrowser(user);
    for (let round = 0; round < 3; round += 1) {
      await guess(user, 5);
      assert.equal((await login(user, {})).status, 401, 'the right password from elsewhere');
      assert.equal((await login(user, { device })).status, 200, 'the right password from the known browser');
      server.clock.advance(60 * MINUTE_MS);
    }
  });

  test('is not let off by the sign-ins of the user', async () => {
    const user = await makeUser(database.db, 'provider');
    const device = await knownBrowser(user);
    await guess(user, 5);
    assert.equal((await login(user, { device })).status, 200);
    server.clock.advance(MINUTE_MS);
    assert.equal((await login(user, {})).status, 200, 'the first lock is over');
    await guess(user, 5);
    await login(user, { device });
    assert.equal((await login(user, {})).status, 401);
  });

  test('with a cookie of one’s own, or with an invented one, is a stranger all the same', async () => {
    const user = await makeUser(database.db, 'provider');
    const stranger = await knownBrowser(await makeUser(database.db, 'provider'));
    for (const device of [stranger, newToken(), 'x', '', '%']) await guess(user, 1, device);
    assert.equal((await login(user, {})).status, 401);
  });
});

describe('a known browser', () => {
  test('has a lock-out of its own: who steals it guesses no faster', async () => {
    const user = await makeUser(database.db, 'provider');
    const device = await knownBrowser(user);
    await guess(user, 5, device);
    assert.equal((await login(user, { device })).status, 401, 'locked, though it is right');
    assert.equal((await login(user, {})).status, 200, 'other browsers are not');
    server.clock.advance(MINUTE_MS);
    assert.equal((await login(user, { device })).status, 200);
  });

  test('counts wrong codes too', async () => {
    const user = await makeUser(database.db, 'operator');
    const verify = async (code: string, device?: string) => {
      const { body } = await login(user, device === undefined ? {} : { device });
      const headers = device === undefined ? {} : { cookie: `fmhl_device=${device}` };
      return server.call('POST', '/api/v1/auth/mfa/verify', {
        ...{ token: String(body.token), headers, body: { code } },
      });
    };
    const right = () => codeAt(user.totpSecret!, server.clock.now());
    const first = await verify(right());
    const device = /^fmhl_device=([^;]+)/.exec(cookieOf(first.headers) ?? '')![1]!;
    server.clock.advance(MINUTE_MS);
    for (let time = 0; time < 5; time += 1) {
      await verify(codeAt(user.totpSecret!, server.clock.now() - 3_600_000), device);
    }
    assert.equal((await login(user, { device })).status, 401);
    assert.equal((await verify(right())).status, 200);
  });

  test('keeps its cookie out of scripts and of other sites, for the sign-in alone; it lets nobody in', async () => {
    const user = await makeUser(database.db, 'provider');
    const { headers } = await login(user, {});
    const cookie = cookieOf(headers)!;
    assert.match(cookie, /; Max-Age=7776000; Path=\/api\/v1\/auth; HttpOnly; SameSite=Strict$/);
    const token = /^fmhl_device=([^;]+)/.exec(cookie)![1]!;
    assert.equal((await server.call('GET', '/api/v1/auth/me', { token })).status, 401);
    const again = await login(user, { device: token });
    assert.equal(cookieOf(again.headers), undefined, 'it is known already');
    const { rows } = await database.pool.query<{ row: string }>('SELECT d::text AS row FROM known_devices d');
    assert.equal(
      rows.some(({ row }) => row.includes(token)),
      false,
      'stored as a hash alone',
    );
  });

  test('is forgotten 90 days after its last sign-in, and when 20 others have come since', async () => {
    const user = await makeUser(database.db, 'provider');
    const device = await knownBrowser(user);
    server.clock.advance(89 * DAY_MS);
    await login(user, { device });
    server.clock.advance(89 * DAY_MS);
    await guess(user, 5);
    assert.equal((await login(user, { device })).status, 200);
    await database.pool.query(
      `INSERT INTO known_devices (token_hash, user_id, expires_at)
       SELECT sha256(n::text::bytea), $1, $2 FROM generate_series(1, 19) AS n`,
      [user.id, new Date(server.clock.now() + 100 * DAY_MS)],
    );
    server.clock.advance(15 * MINUTE_MS);
    await knownBrowser(user);
    await guess(user, 5);
    assert.equal((await login(user, { device })).status, 401, 'others have come since');
    server.clock.advance(101 * DAY_MS);
    await removeExpiredSessions(database.db, server.clock, 10_000);
    const { rows } = await database.pool.query('SELECT 1 FROM known_devices');
    assert.equal(rows.length, 0);
  });
});
