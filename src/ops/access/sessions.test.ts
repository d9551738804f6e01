import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { type AccessServer, useAccessServer } from '../../../test/helpers/access-server.ts';
import { codeAt, makeUser, sessionFor, signIn } from '../../../test/helpers/access.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { removeExpiredSessions } from './clean-up.ts';
import { hashToken } from './tokens.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let database: TestDatabase;
let server: AccessServer;
useAccessServer((made) => ({ database, server } = made));

const status = async (token: string): Promise<number> =>
  (await server.call('GET', '/api/v1/auth/me', { token })).status;

async function lastSeen(token: string): Promise<number | undefined> {
  const { rows } = await database.pool.query<{ last_seen_at: Date }>(
    'SELECT last_seen_at FROM sessions WHERE token_hash = $1',
    [hashToken(token)],
  );
  return rows[0]?.last_seen_at.getTime();
}

describe('idle expiry', () => {
  for (const [role, stage, idleMs] of [
    ['admin', 'full', 30 * MINUTE_MS],
    ['admin', 'enrol', 10 * MINUTE_MS],
    ['admin', 'challenge', 10 * MINUTE_MS],
    ['provider', 'full', 24 * HOUR_MS],
    ['provider', 'challenge', 10 * MINUTE_MS],
  ] as const) {
    test(`ends the ${stage} session of the role ${role} after ${idleMs / MINUTE_MS} minutes without a request`, async () => {
      const user = await makeUser(database.db, role);
      const used = await sessionFor(database.db, user, { stage, clock: server.clock });
      const unused = await sessionFor(database.db, user, { stage, clock: server.clock });
      server.clock.advance(idleMs - 1);
      assert.equal(await status(used), 200);
      server.clock.advance(1);
      assert.equal(await status(unused), 401);
      server.clock.advance(idleMs - 2);
      assert.equal(await status(used), 200, 'the request before began the idle time again');
      server.clock.advance(idleMs);
      assert.equal(await status(used), 401);
    });
  }

  test('is kept by at most one write a minute', async () => {
    const user = await makeUser(database.db, 'admin');
    const token = await sessionFor(database.db, user, { clock: server.clock });
    const opened = server.clock.now();
    server.clock.advance(MINUTE_MS - 1);
    await status(token);
    assert.equal(await lastSeen(token), opened);
    server.clock.advance(1);
    await status(token);
    assert.equal(await lastSeen(token), opened + MINUTE_MS);
  });
});

describe('absolute expiry', () => {
  for (const [role, absoluteMs, stepMs] of [
    ['admin', 12 * HOUR_MS, 20 * MINUTE_MS],
    ['provider', 7 * 24 * HOUR_MS, 12 * HOUR_MS],
  ] as const) {
    test(`ends the session of the role ${role} after ${absoluteMs / HOUR_MS} hours, however busy it is`, async () => {
      const user = await makeUser(database.db, role);
      const token = await sessionFor(database.db, user, { clock: server.clock });
      for (let passed = stepMs; passed < absoluteMs; passed += stepMs) {
        server.clock.advance(stepMs);
        assert.equal(await status(token), 200, `${passed / HOUR_MS} h`);
      }
      server.clock.advance(stepMs);
      assert.equal(await status(token), 401);
    });
  }

  test('counts from the password: a change of stage does not begin it again', async () => {
    const user = await makeUser(database.db, 'admin');
    const { email, password } = user;
    const { body } = await server.call('POST', '/api/v1/auth/login', { body: { email, password } });
    const signedInAt = server.clock.now();
    server.clock.advance(9 * MINUTE_MS);
    const verified = await server.call('POST', '/api/v1/auth/mfa/verify', {
      token: String(body.token),
      body: { code: codeAt(user.totpSecret!, server.clock.now()) },
    });
    const { rows } = await database.pool.query<{ expires_at: Date }>(
      'SELECT expires_at FROM sessions WHERE token_hash = $1',
      [hashToken(String(verified.body.token))],
    );
    assert.equal(rows[0]?.expires_at.getTime(), signedInAt + 12 * HOUR_MS);
  });
});

test('a token is 256 bits, is stored as a hash alone, and comes with where it was used', async () => {
  const user = await makeUser(database.db, 'provider');
  const { email, password } = user;
  const { body } = await server.call('POST', '/api/v1/auth/login', {
    body: { email, password },
    headers: { 'user-agent': 'x'.repeat(2_000) },
    peer: '203.0.113.9',
  });
  const token = String(body.token);
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  const { rows } = await database.pool.query<{ row: string; ip: string; user_agent: string }>(
    'SELECT s::text AS row, ip, user_agent FROM sessions s WHERE user_id = $1',
    [user.id],
  );
  assert.equal(rows.length, 1);
  const { row, ip, user_agent: userAgent } = rows[0]!;
  assert.equal(row.includes(token), false);
  assert.equal(row.includes(createHash('sha256').update(token).digest('hex')), true);
  assert.equal(ip, '203.0.113.9');
  assert.equal(userAgent, 'x'.repeat(256));
});

describe('logout', () => {
  test('ends the session at once and clears the cookie; other sessions stay', async () => {
    const user = await makeUser(database.db, 'admin');
    const other = await sessionFor(database.db, user, { clock: server.clock });
    const token = await signIn(server.app, user, server.clock);
    const answer = await server.call('POST', '/api/v1/auth/logout', { token });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { ok: true });
    assert.match(String(answer.headers['set-cookie']), /^fmhl_session=; .*Expires=Thu, 01 Jan 1970/);
    assert.equal(await status(token), 401);
    assert.equal((await server.call('POST', '/api/v1/auth/logout', { token })).status, 401);
    assert.equal(await status(other), 200);
  });

  test('is open to every stage', async () => {
    const user = await makeUser(database.db, 'admin');
    for (const stage of ['enrol', 'challenge', 'full'] as const) {
      const token = await sessionFor(database.db, user, { stage, clock: server.clock });
      assert.equal((await server.call('POST', '/api/v1/auth/logout', { token })).status, 200);
    }
  });
});

test('the clean-up removes what has expired, no more than asked for, and nothing that is valid', async () => {
  const own = await createTestDatabase();
  try {
    const { clock } = server;
    const user = await makeUser(own.db, 'admin');
    for (let each = 0; each < 5; each += 1) await sessionFor(own.db, user, { clock });
    const token = (expiresInMs: number) =>
      own.pool.query('INSERT INTO setup_tokens VALUES ($1, $2, $3)', [
        hashToken(String(expiresInMs)),
        new Date(clock.now()),
        new Date(clock.now() + expiresInMs),
      ]);
    await token(10 * MINUTE_MS);
    await token(24 * HOUR_MS);
    assert.equal(await removeExpiredSessions(own.db, clock, 100), 0);
    clock.advance(30 * MINUTE_MS);
    await sessionFor(own.db, user, { clock });
    assert.equal(await removeExpiredSessions(own.db, clock, 4), 4);
    assert.equal(await removeExpiredSessions(own.db, clock, 4), 2);
    assert.equal(await removeExpiredSessions(own.db, clock, 4), 0);
    const { rows } = await own.pool.query<{ sessions: number; tokens: number }>(
      'SELECT (SELECT count(*)::int FROM sessions) AS sessions, (SELECT count(*)::int FROM setup_tokens) AS tokens',
    );
    assert.deepEqual(rows, [{ sessions: 1, tokens: 1 }]);
  } finally {
    await own.drop();
  }
});
