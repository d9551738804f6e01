import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type AccessServer, createAccessServer } from '../../../test/helpers/access-server.ts';
import { makeUser, sessionFor } from '../../../test/helpers/access.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { newToken } from './tokens.ts';

const NO_SESSION = { error: 'Authentication required' };
const NOT_ALLOWED = { error: 'Insufficient permissions' };

let database: TestDatabase;
let server: AccessServer;
/** Who asks, and with which token. */
const tokens: Record<string, string> = {};

before(async () => {
  database = await createTestDatabase();
  server = await createAccessServer({ db: database.db });
  const { db } = database;
  const { clock } = server;
  const admin = await makeUser(db, 'admin');
  const fresh = await makeUser(db, 'admin', { mfa: false });
  const provider = await makeUser(db, 'provider', { mfa: true });
  tokens.admin = await sessionFor(db, admin, { clock });
  tokens['admin in a challenge'] = await sessionFor(db, admin, { stage: 'challenge', clock });
  tokens['admin without MFA'] = await sessionFor(db, fresh, { stage: 'enrol', clock });
  // Can't come about by signing in: a full session whose admin has lost MFA since.
  tokens['admin whose MFA was removed'] = await sessionFor(db, fresh, { stage: 'full', clock });
  tokens.provider = await sessionFor(db, provider, { clock });
  for (const role of ['viewer', 'operator'] as const) {
    tokens[role] = await sessionFor(db, await makeUser(db, role), { clock });
  }
  const bare = await makeUser(db, 'operator', { mfa: false });
  tokens['operator without MFA'] = await sessionFor(db, bare, { stage: 'full', clock });
  tokens['provider in a challenge'] = await sessionFor(db, provider, { stage: 'challenge', clock });
});
after(async () => {
  await server.close();
  await database.drop();
});

describe('a route is entered by whom it names alone', () => {
  const NOBODY = 'nobody';
  const everybody = [
    NOBODY,
    'admin',
    'admin in a challenge',
    'admin without MFA',
    'admin whose MFA was removed',
    'provider',
    'provider in a challenge',
    'viewer',
    'operator',
    'operator without MFA',
  ];
  const may: Record<string, string[]> = {
    public: everybody,
    internal: everybody,
    session: everybody.filter((who) => who !== NOBODY),
    user: ['admin', 'provider', 'viewer', 'operator'],
    provider: ['provider'],
    admin: ['admin'],
    'queues.view': ['admin', 'operator', 'viewer'],
    'dead_letters.resolve': ['admin', 'operator'],
    'dead_letters.reveal': ['admin'],
    undeclared: ['admin'],
  };
  for (const [route, allowed] of Object.entries(may)) {
    for (const who of everybody) {
      test(`${who} and /probe/${route}: ${allowed.includes(who) ? 'yes' : 'no'}`, async () => {
        const token = tokens[who];
        const access = token === undefined ? {} : { token };
        for (const method of ['GET', 'HEAD'] as const) {
          const answer = await server.call(method, `/probe/${route}`, access);
          const expected = allowed.includes(who) ? 200 : who === NOBODY ? 401 : 403;
          assert.equal(answer.status, expected, method);
          if (method === 'HEAD' || expected === 200) continue;
          assert.deepEqual(answer.body, expected === 401 ? NO_SESSION : NOT_ALLOWED);
        }
      });
    }
  }
});

test('an admin without MFA can do nothing but enrol: of all routes only those of signing in are open', async () => {
  const user = await makeUser(database.db, 'admin', { mfa: false });
  const open: string[] = [];
  for (const { method, url, access } of server.guard.routes()) {
    if (access === 'public' || access === 'internal') continue;
    const token = await sessionFor(database.db, user, { stage: 'enrol', clock: server.clock });
    const { status } = await server.call(method as 'GET' | 'POST' | 'HEAD', url, { token });
    assert.notEqual(status, 401, url);
    if (status !== 403) open.push(`${method} ${url}`);
  }
  assert.deepEqual(open, [
    'POST /api/v1/auth/mfa/enroll',
    'POST /api/v1/auth/mfa/verify',
    'POST /api/v1/auth/logout',
    'GET /api/v1/auth/me',
    'HEAD /api/v1/auth/me',
    'GET /probe/session',
    'HEAD /probe/session',
    'POST /probe/session',
  ]);
});

describe('the list of routes', () => {
  test('has every route with its access; one that does not say is for admins', () => {
    const routes = server.guard.routes();
    const accessOf = (method: string, url: string) =>
      routes.find((route) => route.method === method && route.url === url)?.access;
    assert.equal(accessOf('POST', '/api/v1/auth/login'), 'public');
    assert.equal(accessOf('GET', '/api/v1/auth/me'), 'session');
    assert.equal(accessOf('HEAD', '/api/v1/auth/me'), 'session');
    assert.equal(accessOf('GET', '/probe/undeclared'), 'admin');
    assert.equal(accessOf('GET', '/probe/internal'), 'internal');
  });

  test('opens what is read under a public prefix, and nothing that only begins alike', async () => {
    assert.equal((await server.call('GET', '/api/docs/json')).status, 200);
    assert.equal((await server.call('POST', '/api/docs/json')).status, 401);
    assert.equal((await server.call('GET', '/api/docsecrets')).status, 401);
  });
});

describe('a token', () => {
  test('that is unknown, malformed or in another scheme is no session', async () => {
    for (const authorization of [
      `Bearer ${newToken()}`,
      'Bearer',
      'Bearer x',
      `Bearer ${'x'.repeat(5_000)}`,
      `Basic ${tokens.admin!}`,
      tokens.admin!,
      `Bearer ${tokens.admin!} extra`,
    ]) {
      const answer = await server.call('GET', '/probe/admin', { headers: { authorization } });
      assert.deepEqual(answer.body, NO_SESSION, authorization.slice(0, 20));
      assert.equal(answer.headers['www-authenticate'], 'Bearer');
    }
  });

  test('tells the route who asks, and its answer is not to be stored', async () => {
    const answer = await server.call('GET', '/probe/admin', { token: tokens.admin! });
    assert.equal((answer.body.actor as { role: string }).role, 'admin');
    assert.equal(answer.headers['cache-control'], 'no-store');
    const anybody = await server.call('GET', '/probe/public', { token: tokens.admin! });
    assert.equal(anybody.body.actor, null);
  });
});

test('unknown paths and wrong methods are 404 and 405 for everybody, with or without a session', async () => {
  for (const access of [{}, { token: tokens.provider! }]) {
    const unknown = await server.call('GET', '/api/v1/admin/nothing', access);
    assert.equal(unknown.status, 404);
    assert.deepEqual(unknown.body, { error: 'Not found' });
    assert.equal((await server.call('DELETE', '/probe/admin', access)).status, 405);
  }
});

describe('an internal route', () => {
  const from = (peer: string, headers: Record<string, string> = {}) =>
    server.call('GET', '/probe/internal', { peer, headers });

  test('answers peers in loopback and private ranges, also as IPv4-mapped addresses, and no others', async () => {
    for (const peer of ['127.0.0.1', '::1', '10.1.2.3', '::ffff:192.168.1.1', 'fd00::1', 'fe80::1%eth0']) {
      assert.equal((await from(peer)).status, 200, peer);
    }
    for (const peer of ['8.8.8.8', '::ffff:8.8.8.8', '2001:db8::1']) {
      const answer = await from(peer);
      assert.equal(answer.status, 403, peer);
      assert.deepEqual(answer.body, NOT_ALLOWED);
    }
  });

  test('answers nobody through a proxy', async () => {
    for (const header of ['forwarded', 'x-forwarded-for']) {
      for (const value of ['for=10.0.0.1', '10.0.0.1', '127.0.0.1', '']) {
        assert.equal((await from('127.0.0.1', { [header]: value })).status, 403, `${header}: ${value}`);
      }
    }
  });

  test('goes by the socket, also where a proxy is trusted, and by other ranges where they are given', async () => {
    const own = await createAccessServer({
      db: database.db,
      trustProxy: ['203.0.113.1'],
      internalRanges: ['198.51.100.0/24'],
    });
    try {
      const probe = (peer: string, headers = {}) => own.call('GET', '/probe/internal', { peer, headers });
      assert.equal((await probe('198.51.100.9')).status, 200);
      assert.equal((await probe('127.0.0.1')).status, 403);
      assert.equal((await probe('203.0.113.1', { 'x-forwarded-for': '198.51.100.9' })).status, 403);
    } finally {
      await own.close();
    }
  });
});
