import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { createTokenResponse, tokenListResponse } from '../../../../contract/tokens.ts';
import { type AccessServer, useAccessServer } from '../../../../test/helpers/access-server.ts';
import { makeUser, sessionFor, type TestUser } from '../../../../test/helpers/access.ts';
import type { TestDatabase } from '../../../../test/helpers/postgres.ts';
import { removeExpiredSessions } from '../clean-up.ts';
import { newToken } from '../tokens.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NOT_ALLOWED = { error: 'Insufficient permissions' };
const PATH = '/api/v1/admin/tokens';
const reason = 'For the nightly script';

let database: TestDatabase;
let server: AccessServer;
useAccessServer((made) => ({ database, server } = made));

const confirmed = (user: TestUser) => sessionFor(database.db, user, { clock: server.clock, confirmed: true });
const inDays = (days: number) => new Date(server.clock.now() + days * DAY_MS).toISOString();

function ask(session: string, body: object) {
  const defaults = { name: 'script', permissions: ['queues.view'], expires_at: inDays(30), reason };
  return server.call('POST', PATH, { token: session, body: { ...defaults, ...body } });
}

async function make(user: TestUser, permissions: string[], days = 30) {
  const answer = await ask(await confirmed(user), { permissions, expires_at: inDays(days) });
  assert.equal(answer.status, 201);
  return createTokenResponse.parse(answer.body);
}

const probe = async (token: string, access: string) =>
  (await server.call('GET', `/probe/${access}`, { token })).status;
const list = async (session: string, query = '') =>
  tokenListResponse.parse((await server.call('GET', PATH + query, { token: session })).body);

describe('a token', () => {
  test('does what it was given and nothing else, and is never a session', async () => {
    const admin = await makeUser(database.db, 'admin');
    const { secret, token } = await make(admin, ['queues.view', 'dead_letters.resolve']);
    assert.match(secret, /^fmhl_[A-Za-z0-9_-]{43}$/);
    assert.equal(await probe(secret, 'queues.view'), 200);
    assert.equal(await probe(secret, 'dead_letters.resolve'), 200);
    for (const access of ['dead_letters.reveal', 'admin', 'undeclared', 'user', 'session', 'provider']) {
      assert.equal(await probe(secret, access), 403, access);
    }
    assert.equal((await server.call('POST', '/probe/confirmed', { token: secret })).status, 403);
    const { body } = await server.call('GET', '/probe/queues.view', { token: secret });
    const actor = body.actor as { userId: string; role: string; tokenId: string };
    assert.deepEqual([actor.userId, actor.role, actor.tokenId], [admin.id, 'admin', token.id]);
  });

  test('counts in the Authorization header alone: no browser sends it by itself', async () => {
    const { secret } = await make(await makeUser(database.db, 'viewer'), ['queues.view']);
    const answer = await server.call('GET', '/probe/queues.view', {
      headers: { cookie: `fmhl_session=${secret}` },
    });
    assert.equal(answer.status, 401);
  });

  test('does no more than its owner may still do', async () => {
    const { db, pool } = database;
    const operator = await makeUser(db, 'operator');
    const { secret } = await make(operator, ['queues.view', 'dead_letters.resolve']);
    await pool.query("UPDATE users SET role = 'viewer' WHERE id = $1", [operator.id]);
    assert.deepEqual(
      [await probe(secret, 'queues.view'), await probe(secret, 'dead_letters.resolve')],
      [200, 403],
    );
    await pool.query('UPDATE users SET totp_secret = NULL, mfa_enrolled_at = NULL WHERE id = $1', [
      operator.id,
    ]);
    assert.equal(await probe(secret, 'queues.view'), 403, 'without MFA there is nothing for staff');
    await pool.query('UPDATE users SET disabled_at = now() WHERE id = $1', [operator.id]);
    assert.equal(await probe(secret, 'queues.view'), 401);
  });

  test('ends when it expires, and is taken off the list 30 days later', async () => {
    const viewer = await makeUser(database.db, 'viewer');
    const { secret, token } = await make(viewer, ['queues.view'], 1);
    server.clock.advance(DAY_MS - 1);
    assert.equal(await probe(secret, 'queues.view'), 200);
    server.clock.advance(1);
    assert.equal(await probe(secret, 'queues.view'), 401);
    const listed = async () => (await list(await confirmed(viewer))).tokens.map(({ id }) => id);
    await removeExpiredSessions(database.db, server.clock, 10_000);
    assert.deepEqual(await listed(), [token.id]);
    server.clock.advance(30 * DAY_MS);
    await removeExpiredSessions(database.db, server.clock, 10_000);
    assert.deepEqual(await listed(), []);
  });

  test('says when it was last used, by at most one write a minute', async () => {
    const viewer = await makeUser(database.db, 'viewer');
    const { secret } = await make(viewer, ['queues.view']);
    const used = async () => (await list(await confirmed(viewer))).tokens[0]!.last_used_at;
    assert.equal(await used(), null);
    const first = new Date(server.clock.now()).toISOString();
    await probe(secret, 'queues.view');
    server.clock.advance(MINUTE_MS - 1);
    await probe(secret, 'queues.view');
    assert.equal(await used(), first);
    server.clock.advance(1);
    await probe(secret, 'queues.view');
    assert.equal(await used(), new Date(server.clock.now()).toISOString());
  });

  test('is stored as a hash alone, and stands in no log and in no list', async () => {
    const viewer = await makeUser(database.db, 'viewer');
    const { secret } = await make(viewer, ['queues.view']);
    await probe(secret, 'queues.view');
    const { rows } = await database.pool.query<{ row: string }>(
      'SELECT t::text AS row FROM api_tokens t UNION ALL SELECT a::text FROM audit_log a',
    );
    const all = rows.map(({ row }) => row).join() + server.log.text();
    const inHex = Buffer.from(secret).toString('hex');
    assert.equal(all.includes(secret) || all.includes(secret.slice(5)) || all.includes(inHex), false);
    assert.equal(JSON.stringify(await list(await confirmed(viewer))).includes(secret), false);
  });
});

describe('to make one', () => {
  test('takes a full and confirmed session: no token makes a token', async () => {
    const admin = await makeUser(database.db, 'admin');
    const unconfirmed = await sessionFor(database.db, admin, { clock: server.clock });
    assert.deepEqual((await ask(unconfirmed, {})).body, { error: 'Confirm with your password and code' });
    const { secret } = await make(admin, ['queues.view']);
    assert.deepEqual((await ask(secret, {})).body, NOT_ALLOWED);
    const provider = await makeUser(database.db, 'provider');
    assert.deepEqual((await ask(await confirmed(provider), {})).body, NOT_ALLOWED);
  });

  test('gives no more than the maker has, and never the management of access', async () => {
    const operator = await confirmed(await makeUser(database.db, 'operator'));
    const field = async (session: string, permissions: string[]) => {
      const { status, body } = await ask(session, { permissions });
      return status === 201 ? null : (body.details as { field: string }[])[0]?.field;
    };
    assert.equal(await field(operator, ['queues.view', 'queues.pause']), null);
    assert.equal(await field(operator, ['queues.view', 'dead_letters.reveal']), 'permissions.1');
    const admin = await confirmed(await makeUser(database.db, 'admin'));
    for (const name of ['users.manage', 'tokens.manage', 'nothing']) {
      assert.equal(await field(admin, [name]), 'permissions.0', name);
    }
    assert.equal(await field(admin, []), 'permissions');
  });

  test('takes an expiry within a year', async () => {
    const session = await confirmed(await makeUser(database.db, 'viewer'));
    for (const [expires_at, status] of [
      [inDays(365), 201],
      [inDays(366), 400],
      [inDays(0), 400],
      [inDays(-1), 400],
      ['tomorrow', 400],
      [undefined, 400],
    ] as const) {
      const answer = await ask(session, { expires_at });
      assert.equal(answer.status, status, expires_at);
      if (status === 400) assert.equal((answer.body.details as { field: string }[])[0]?.field, 'expires_at');
    }
  });

  test('is bounded: 50 of one user stand at a time, however many are asked for at once', async () => {
    const viewer = await makeUser(database.db, 'viewer');
    const session = await confirmed(viewer);
    await database.pool.query(
      `INSERT INTO api_tokens (token_hash, user_id, name, permissions, created_at, expires_at)
       SELECT sha256(($1 || n)::bytea), $1::uuid, 'old', '{queues.view}', $2, $2::timestamptz + interval '1 day'
         FROM generate_series(1, 48) AS n`,
      [viewer.id, new Date(server.clock.now())],
    );
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(session, {})));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 409, 409, 409]);
    server.clock.advance(2 * DAY_MS);
    assert.equal((await ask(await confirmed(viewer), {})).status, 201, 'expired ones don’t count');
  });
});

describe('the list', () => {
  test('is of one’s own; an admin’s is of everybody’s, page by page and newest first', async () => {
    const { db, pool } = database;
    await pool.query('DELETE FROM api_tokens');
    const [viewer, operator] = [await makeUser(db, 'viewer'), await makeUser(db, 'operator')];
    const made: string[] = [];
    for (const owner of [viewer, operator, viewer, operator, viewer]) {
      made.push((await make(owner, ['queues.view'])).token.id);
    }
    const own = await list(await confirmed(viewer));
    assert.deepEqual(
      own.tokens.map(({ owner_email }) => owner_email),
      [viewer.email, viewer.email, viewer.email],
    );
    const admin = await confirmed(await makeUser(db, 'admin'));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await list(admin, `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.tokens.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    // The clock of the test stands still: the five were made at one moment.
    assert.deepEqual([...seen].sort(), [...made].sort());
    assert.deepEqual(seen, [...seen].sort().reverse());
    const foreign = await server.call('GET', `${PATH}?cursor=x`, { token: admin });
    assert.equal(foreign.status, 400);
  });

  test('is shortened at once by its owner or an admin, and by nobody else', async () => {
    const { db } = database;
    const owner = await makeUser(db, 'operator');
    const revoke = (session: string, id: string) =>
      server.call('DELETE', `${PATH}/${id}?reason=${encodeURIComponent(reason)}`, { token: session });
    const stranger = await confirmed(await makeUser(db, 'operator'));
    const admin = await confirmed(await makeUser(db, 'admin'));
    for (const by of [await confirmed(owner), admin]) {
      const { token, secret } = await make(owner, ['queues.view']);
      assert.equal((await revoke(stranger, token.id)).status, 404);
      assert.equal(await probe(secret, 'queues.view'), 200);
      assert.equal((await revoke(by, token.id)).status, 200);
      assert.equal(await probe(secret, 'queues.view'), 401);
      assert.equal((await revoke(by, token.id)).status, 404);
    }
    assert.equal((await revoke(admin, randomUUID())).status, 404);
    assert.equal((await server.call('DELETE', `${PATH}/${randomUUID()}`, { token: admin })).status, 400);
  });
});

test('bad tokens of an address are refused as too many after 20 in a minute; a good one is let in', async () => {
  const { secret } = await make(await makeUser(database.db, 'viewer'), ['queues.view']);
  const from = (peer: string, token: string) => server.call('GET', '/probe/queues.view', { token, peer });
  const bad = () => from('203.0.113.50', `fmhl_${newToken()}`);
  for (let time = 0; time < 20; time += 1) assert.equal((await bad()).status, 401);
  const refused = await bad();
  assert.deepEqual([refused.status, refused.body], [429, { error: 'Too many requests' }]);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal((await from('203.0.113.50', secret)).status, 200);
  assert.equal(
    (await from('203.0.113.51', `fmhl_${newToken()}`)).status,
    401,
    'other addresses are not meant',
  );
  for (const token of ['fmhl_', 'fmhl_x', `${secret}x`, `FMHL_${secret.slice(5)}`]) {
    assert.equal((await from('203.0.113.52', token)).status, 401, token);
  }
});
