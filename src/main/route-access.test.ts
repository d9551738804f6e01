import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { PERMISSIONS, type Permission, userRole, type UserRole } from '../../contract/access.ts';
import { UI_PAGES } from '../../contract/pages.ts';
import type { UserId } from '../../contract/ids.ts';
import type { Access } from '../platform/http/types.ts';
import { makeUser, sessionFor } from '../../test/helpers/access.ts';
import { createProvider } from '../../test/factories/marketplace.ts';
import { type TestApi, useTestApi } from '../../test/helpers/api.ts';
import type { TestSystem } from '../../test/helpers/system.ts';

type Caller = 'nobody' | 'staff without MFA' | UserRole;
type Answer = 401 | 403 | null;

const ROLES = userRole.options;
const rolesOf = (answer: Answer) => Object.fromEntries(ROLES.map((role) => [role, answer]));

/** What the guard answers to each caller; null lets the request through to the route. */
function expectedOf(access: Access): Record<Caller, Answer> {
  const all = { nobody: null, 'staff without MFA': null, ...rolesOf(null) };
  const none = { nobody: 401, 'staff without MFA': 403, ...rolesOf(403) };
  const expected: Partial<Record<Access, object>> = {
    public: all,
    internal: all,
    session: { ...all, nobody: 401 },
    user: { ...none, ...rolesOf(null) },
    provider: { ...none, provider: null },
    admin: { ...none, admin: null },
  };
  if (!isPermission(access)) return expected[access] as Record<Caller, Answer>;
  return { ...none, ...Object.fromEntries(PERMISSIONS[access].map((role) => [role, null])) } as Record<
    Caller,
    Answer
  >;
}

function isPermission(access: Access): access is Permission {
  return Object.hasOwn(PERMISSIONS, access);
}

/** The only routes that anybody may call. A new one belongs here only if it is meant for everybody. */
const PUBLIC = new Set([
  'POST /api/v1/setup',
  'POST /api/v1/auth/login',
  'POST /api/v1/leads',
  'GET /api/v1/leads/confirm',
  'GET /health/live',
  'GET /health/ready',
  'GET /runbooks',
  'GET /runbooks/:name',
  // The admin UI: it holds no data, and shows none before somebody has signed in.
  'GET /favicon.svg',
  'GET /assets/*',
  ...UI_PAGES.flatMap((page) => (page === '' ? ['GET /'] : [`GET /${page}`, `GET /${page}/*`])),
]);

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made));

const users = new Map<Caller, Promise<{ id: UserId; role: UserRole }>>();

async function newUser(caller: Exclude<Caller, 'nobody'>): Promise<{ id: UserId; role: UserRole }> {
  // With a company, as every provider has: without one its routes are closed.
  if (caller === 'provider') return { id: (await createProvider(system.db)).userId, role: 'provider' };
  if (caller === 'staff without MFA') return makeUser(system.db, 'admin', { mfa: false });
  return makeUser(system.db, caller);
}

/** A new session for every call, since some routes end it; of one user, whose password takes a while to hash. */
async function tokenOf(caller: Caller): Promise<string | null> {
  if (caller === 'nobody') return null;
  const user = users.get(caller) ?? newUser(caller);
  users.set(caller, user);
  // Confirmed: which routes ask for that is another test.
  const kind = caller === 'staff without MFA' ? ({ stage: 'enrol' } as const) : { confirmed: true };
  return sessionFor(system.db, await user, kind);
}

test('every route lets in exactly those that it declares', { timeout: 240_000 }, async () => {
  const routes = api.guard.routes();
  assert.ok(routes.length > 15, 'the walk sees the routes');
  for (const { method, url, access } of routes) {
    const path = url.replace(/:[A-Za-z]+/g, randomUUID()).replace('*', 'index.html');
    for (const [caller, expected] of Object.entries(expectedOf(access)) as [Caller, Answer][]) {
      const token = await tokenOf(caller);
      const { statusCode, body } = await api.app.inject({
        method: method as 'GET',
        url: path,
        // The route's own rate limits are not what is tested here.
        remoteAddress: `127.0.${Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}`,
        ...(token === null ? {} : { headers: { authorization: `Bearer ${token}` } }),
      });
      const where = `${method} ${url} (${access}) as ${caller}`;
      if (expected === null)
        assert.ok(statusCode !== 401 && statusCode !== 403, `${where}: ${statusCode} ${body}`);
      else assert.equal(statusCode, expected, `${where}: ${body}`);
      assert.ok(statusCode < 500, `${where}: ${statusCode} ${body}`);
    }
  }
});

test('every route of the API says who may call it, by name of what it does', () => {
  const undeclared = api.guard.routes().filter(({ access }) => access === 'admin');
  assert.deepEqual(
    undeclared.map(({ method, url }) => `${method} ${url}`),
    [],
  );
});

test('no route is public by accident', () => {
  const open = api.guard
    .routes()
    .filter(({ access }) => access === 'public')
    .map(({ method, url }) => `${method} ${url}`)
    .filter((route) => !route.startsWith('HEAD ') && !route.includes(' /api/docs'));
  assert.deepEqual(open.sort(), [...PUBLIC].sort());
});

test('no request that came through a proxy reads the metrics', async () => {
  for (const header of ['x-forwarded-for', 'forwarded']) {
    const { statusCode, body } = await api.app.inject({ url: '/metrics', headers: { [header]: '10.0.0.1' } });
    assert.deepEqual([statusCode, body], [403, '{"error":"Insufficient permissions"}']);
  }
  assert.equal((await api.app.inject({ url: '/metrics', remoteAddress: '203.0.113.9' })).statusCode, 403);
  assert.equal((await api.app.inject({ url: '/metrics', remoteAddress: '10.1.2.3' })).statusCode, 200);
});
