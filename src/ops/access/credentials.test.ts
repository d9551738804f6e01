import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type AccessServer, createAccessServer } from '../../../test/helpers/access-server.ts';
import { codeAt, makeUser, sessionFor, type TestUser } from '../../../test/helpers/access.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { newToken } from './tokens.ts';

let database: TestDatabase;
let server: AccessServer;
let admin: TestUser;

before(async () => {
  database = await createTestDatabase();
  server = await createAccessServer({ db: database.db, trustProxy: ['203.0.113.1'] });
  admin = await makeUser(database.db, 'admin');
});
after(async () => {
  await server.close();
  await database.drop();
});

const login = (options: { peer?: string; headers?: Record<string, string> } = {}) => {
  const { email, password } = admin;
  return server.call('POST', '/api/v1/auth/login', { body: { email, password }, ...options });
};
const cookieOf = (header: unknown): string => String(header).split(';', 1)[0] ?? '';

describe('the cookie', () => {
  test('is out of reach of scripts and other sites, and ends with the browser', async () => {
    const { body, headers } = await login();
    assert.equal(
      headers['set-cookie'],
      `fmhl_session=${String(body.token)}; Path=/; HttpOnly; SameSite=Strict`,
    );
    assert.equal(headers['cache-control'], 'no-store');
  });

  test('is for HTTPS alone where the request came by HTTPS, as a trusted proxy says', async () => {
    const https = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.1' };
    const trusted = await login({ peer: '203.0.113.1', headers: https });
    assert.match(String(trusted.headers['set-cookie']), /; Secure/);
    const untrusted = await login({ peer: '203.0.113.2', headers: https });
    assert.doesNotMatch(String(untrusted.headers['set-cookie']), /; Secure/);
  });

  test('carries a session from stage to stage, and to its end', async () => {
    let cookie = cookieOf((await login()).headers['set-cookie']);
    const code = codeAt(admin.totpSecret!, server.clock.now());
    const verified = await server.call('POST', '/api/v1/auth/mfa/verify', {
      body: { code },
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    });
    assert.equal(verified.status, 200);
    cookie = cookieOf(verified.headers['set-cookie']);
    assert.equal((await server.call('GET', '/probe/admin', { headers: { cookie } })).status, 200);
    assert.equal((await server.call('POST', '/api/v1/auth/logout', { headers: { cookie } })).status, 200);
    assert.equal((await server.call('GET', '/probe/admin', { headers: { cookie } })).status, 401);
  });

  test('does not stand in for a bearer token that is no good', async () => {
    const cookie = `fmhl_session=${await sessionFor(database.db, admin, { clock: server.clock })}`;
    const answer = await server.call('GET', '/probe/admin', { token: newToken(), headers: { cookie } });
    assert.equal(answer.status, 401);
  });
});

describe('a change that a browser makes with the cookie', () => {
  const HOST = 'ops.example.com:3000';
  const change = async (headers: Record<string, string>, method: 'GET' | 'POST' = 'POST') => {
    const token = await sessionFor(database.db, admin, { clock: server.clock });
    const cookie = `fmhl_session=${token}`;
    return (await server.call(method, '/probe/admin', { headers: { host: HOST, cookie, ...headers } }))
      .status;
  };

  test('is refused when another site asked for it', async () => {
    assert.equal(await change({ 'sec-fetch-site': 'cross-site' }), 403);
    assert.equal(await change({ 'sec-fetch-site': 'same-site' }), 403);
    assert.equal(await change({ origin: 'https://evil.example' }), 403);
    assert.equal(await change({ origin: 'http://ops.example.com:4000' }), 403);
    assert.equal(await change({ origin: 'null' }), 403);
  });

  test('is let through from the same origin, from the address bar, and from clients that are no browsers', async () => {
    assert.equal(await change({ 'sec-fetch-site': 'same-origin', origin: `http://${HOST}` }), 200);
    assert.equal(await change({ 'sec-fetch-site': 'none' }), 200);
    assert.equal(await change({ origin: `http://${HOST}` }), 200);
    assert.equal(await change({}), 200);
  });

  test('is not asked where it comes from when it only reads, or when a script sends the token itself', async () => {
    assert.equal(await change({ 'sec-fetch-site': 'cross-site' }, 'GET'), 200);
    const token = await sessionFor(database.db, admin, { clock: server.clock });
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    assert.equal((await server.call('POST', '/probe/admin', { token, headers })).status, 200);
  });
});
